import {
  AggregationTemporality,
  type Attributes,
  type DataPoint,
  DataPointType,
  type InstrumentationScope,
  type Metric,
  type MetricsBatch,
  type Resource,
  type ResourceMetrics,
  type ScopeMetrics,
} from "../metrics/index.ts";
import { DecodeContext } from "./decode-context.ts";
import {
  decodeExponentialPoint,
  decodeHistogramPoint,
  decodeNumberPoint,
  decodeSummaryPoint,
} from "./decode-points.ts";
import { MetricBuilder } from "./metric-builder.ts";
import type { WireReader } from "./wire-reader.ts";

/**
 * Decodes an ExportMetricsServiceRequest. Fields that are not known are passed over; equal attribute sets of the request
 * become one object, frozen. A metric without data becomes a gauge without points.
 *
 * Integers beyond 2^53 come as bigints. Text that is not UTF-8 has U+FFFD in it.
 *
 * @throws OtlpDecodeError for bytes that are no such message, attributes nested deeper than 64, more than 4 million
 * elements, or bucket counts that do not fit the bounds
 */
export function decodeMetrics(bytes: Uint8Array): MetricsBatch {
  const context = new DecodeContext(bytes);
  const { reader } = context;
  const batch: ResourceMetrics[] = [];
  eachField(reader, (tag) => {
    if (tag !== 0x0a) return false;
    batch.push(decodeResourceMetrics(context));
    return true;
  });
  return batch;
}

/** Calls `read` with each tag of the current message; what it does not take (false) is passed over. */
function eachField(reader: WireReader, read: (tag: number) => boolean): void {
  while (!reader.done) {
    const tag = reader.tag();
    if (!read(tag)) reader.skip(tag);
  }
}

function decodeResourceMetrics(context: DecodeContext): ResourceMetrics {
  const { reader } = context;
  const outer = context.enterElement();
  let resource: Resource = { attributes: context.noAttributes };
  let schemaUrl = "";
  const scopeMetrics: ScopeMetrics[] = [];
  eachField(reader, (tag) => {
    if (tag === 0x0a) resource = decodeResource(context);
    else if (tag === 0x12) scopeMetrics.push(decodeScopeMetrics(context));
    else if (tag === 0x1a) schemaUrl = context.string();
    else return false;
    return true;
  });
  reader.leave(outer);
  return { resource: { ...resource, ...(schemaUrl !== "" && { schemaUrl }) }, scopeMetrics };
}

function decodeResource(context: DecodeContext): Resource {
  const { reader } = context;
  const outer = reader.enter();
  let attributes = context.noAttributes;
  let droppedAttributesCount = 0;
  eachField(reader, (tag) => {
    if (tag === 0x0a) attributes = context.attributes(tag, attributes);
    else if (tag === 0x10) droppedAttributesCount = reader.uint32();
    else return false;
    return true;
  });
  reader.leave(outer);
  return { attributes, ...(droppedAttributesCount !== 0 && { droppedAttributesCount }) };
}

function decodeScopeMetrics(context: DecodeContext): ScopeMetrics {
  const { reader } = context;
  const outer = context.enterElement();
  let scope: InstrumentationScope = { name: "" };
  let schemaUrl = "";
  const metrics: Metric[] = [];
  eachField(reader, (tag) => {
    if (tag === 0x0a) scope = decodeScope(context);
    else if (tag === 0x12) metrics.push(decodeMetric(context));
    else if (tag === 0x1a) schemaUrl = context.string();
    else return false;
    return true;
  });
  reader.leave(outer);
  return { scope: { ...scope, ...(schemaUrl !== "" && { schemaUrl }) }, metrics };
}

function decodeScope(context: DecodeContext): InstrumentationScope {
  const { reader } = context;
  const outer = reader.enter();
  let name = "";
  let version = "";
  let attributes: Attributes | undefined;
  let droppedAttributesCount = 0;
  eachField(reader, (tag) => {
    if (tag === 0x0a) name = context.string();
    else if (tag === 0x12) version = context.string();
    else if (tag === 0x1a) attributes = context.attributes(tag, attributes ?? context.noAttributes);
    else if (tag === 0x20) droppedAttributesCount = reader.uint32();
    else return false;
    return true;
  });
  reader.leave(outer);
  return {
    name,
    ...(version !== "" && { version }),
    ...(attributes !== undefined && { attributes }),
    ...(droppedAttributesCount !== 0 && { droppedAttributesCount }),
  };
}

function decodeMetric(context: DecodeContext): Metric {
  const { reader } = context;
  const outer = context.enterElement();
  const metric = new MetricBuilder();
  eachField(reader, (tag) => {
    switch (tag) {
      case 0x0a:
        metric.name = context.string();
        return true;
      case 0x12:
        metric.description = context.string();
        return true;
      case 0x1a:
        metric.unit = context.string();
        return true;
      case 0x2a:
        decodeData(context, metric, DataPointType.GAUGE, decodeNumberPoint);
        return true;
      case 0x3a:
        decodeData(context, metric, DataPointType.SUM, decodeNumberPoint);
        return true;
      case 0x4a:
        decodeData(context, metric, DataPointType.HISTOGRAM, decodeHistogramPoint);
        return true;
      case 0x52:
        decodeData(context, metric, DataPointType.EXPONENTIAL_HISTOGRAM, decodeExponentialPoint);
        return true;
      case 0x5a:
        decodeData(context, metric, DataPointType.SUMMARY, decodeSummaryPoint);
        return true;
      case 0x62:
        metric.metadata = context.attributes(tag, metric.metadata ?? context.noAttributes);
        return true;
      default:
        return false;
    }
  });
  reader.leave(outer);
  return metric.finish();
}

/** The message of a metric's kind: `data_points`, `aggregation_temporality`, `is_monotonic` have one number in all. */
function decodeData(
  context: DecodeContext,
  metric: MetricBuilder,
  dataPointType: DataPointType,
  decodePoint: (context: DecodeContext, metric: MetricBuilder) => DataPoint<unknown>,
): void {
  const { reader } = context;
  const outer = reader.enter();
  metric.begin(dataPointType);
  eachField(reader, (tag) => {
    if (tag === 0x0a) metric.dataPoints.push(decodePoint(context, metric));
    else if (tag === 0x10) metric.aggregationTemporality = temporalityOf(reader.varint());
    else if (tag === 0x18) metric.isMonotonic = reader.varint() !== 0;
    else return false;
    return true;
  });
  reader.leave(outer);
}

/** The inverse of the protobuf enumeration; numbers of a later version are "unspecified". */
export function temporalityOf(value: number): AggregationTemporality {
  if (value === 1) return AggregationTemporality.DELTA;
  return value === 2 ? AggregationTemporality.CUMULATIVE : AggregationTemporality.UNSPECIFIED;
}
