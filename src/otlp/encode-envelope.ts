import {
  AggregationTemporality,
  type Attributes,
  DataPointType,
  type InstrumentationScope,
  type Metric,
  type MetricDescriptor,
  type MetricsBatch,
  type Resource,
  type ResourceMetrics,
} from "../metrics/index.ts";
import { writeAttributes } from "./encode-attributes.ts";
import { EncodedCache } from "./encoded-cache.ts";
import type { WireWriter } from "./wire-writer.ts";

/** Tag of the one-of field of a Metric that holds its data. */
const DATA_TAGS: { readonly [Type in DataPointType]: number } = {
  [DataPointType.GAUGE]: 0x2a,
  [DataPointType.SUM]: 0x3a,
  [DataPointType.HISTOGRAM]: 0x4a,
  [DataPointType.EXPONENTIAL_HISTOGRAM]: 0x52,
  [DataPointType.SUMMARY]: 0x5a,
};

/** Field `data_points`, the same in all kinds of data. */
export const DATA_POINT = 0x0a;

interface MetricHead {
  readonly descriptor: MetricDescriptor;
  readonly aggregationTemporality: AggregationTemporality;
  readonly dataPointType: DataPointType;
  readonly isMonotonic?: boolean;
  readonly metadata?: Attributes;
}

interface ScopeNode<M> {
  readonly scope: InstrumentationScope;
  readonly metrics: readonly M[];
}

/**
 * Writes an ExportMetricsServiceRequest and returns the number of its points. What holds no points (a metric, then its
 * scope, then its resource) is left out.
 */
export function writeRequest(
  writer: WireWriter,
  batch: MetricsBatch,
  metric: (metric: Metric) => number,
): number {
  let total = 0;
  for (let r = batch.length - 1; r >= 0; r--) {
    const { resource, scopeMetrics } = batch[r] as ResourceMetrics;
    total += writeResourceMetrics(writer, resource, scopeMetrics, metric);
  }
  return total;
}

/** One resource of a request, with its tag; the number of its points. */
export function writeResourceMetrics<M>(
  writer: WireWriter,
  resource: Resource,
  scopes: readonly ScopeNode<M>[],
  metric: (metric: M) => number,
): number {
  const mark = writer.length;
  writer.optionalString(0x1a, resource.schemaUrl);
  let points = 0;
  for (let s = scopes.length - 1; s >= 0; s--) {
    points += writeScope(writer, scopes[s] as ScopeNode<M>, metric);
  }
  if (points === 0) {
    writer.rewind(mark);
    return 0;
  }
  writeResource(writer, resource);
  writer.delimited(0x0a, mark);
  return points;
}

function writeScope<M>(
  writer: WireWriter,
  { scope, metrics }: ScopeNode<M>,
  metric: (metric: M) => number,
): number {
  const mark = writer.length;
  writer.optionalString(0x1a, scope.schemaUrl);
  let points = 0;
  for (let m = metrics.length - 1; m >= 0; m--) points += metric(metrics[m] as M);
  if (points === 0) {
    writer.rewind(mark);
    return 0;
  }
  const scopeMark = writer.length;
  writeDropped(writer, 0x20, scope.droppedAttributesCount);
  if (scope.attributes !== undefined) writeAttributes(writer, 0x1a, scope.attributes);
  writer.optionalString(0x12, scope.version);
  writer.optionalString(0x0a, scope.name);
  writer.delimited(0x0a, scopeMark);
  writer.delimited(0x12, mark);
  return points;
}

function writeResource(writer: WireWriter, { attributes, droppedAttributesCount }: Resource): void {
  const mark = writer.length;
  writeDropped(writer, 0x10, droppedAttributesCount);
  writeAttributes(writer, 0x0a, attributes);
  writer.delimited(0x0a, mark);
}

function writeDropped(writer: WireWriter, tag: number, count: number | undefined): void {
  if (!count) return;
  writer.varint(count);
  writer.byte(tag);
}

/** Name, description and unit: a descriptor is one object from scrape to scrape and for all resources. */
const descriptors = new EncodedCache<MetricDescriptor>((writer, { name, description, unit }) => {
  writer.optionalString(0x1a, unit);
  writer.optionalString(0x12, description);
  writer.optionalString(0x0a, name);
});

/** Writes a Metric around the points that `writePoints` writes and counts. */
export function writeMetric(writer: WireWriter, metric: MetricHead, writePoints: () => number): number {
  const mark = writer.length;
  if (metric.metadata !== undefined) writeAttributes(writer, 0x62, metric.metadata);
  const dataMark = writer.length;
  const { dataPointType, descriptor } = metric;
  if (dataPointType === DataPointType.SUM && metric.isMonotonic) {
    writer.byte(1);
    writer.byte(0x18);
  }
  if (dataPointType !== DataPointType.GAUGE && dataPointType !== DataPointType.SUMMARY) {
    const temporality = protoTemporality(metric.aggregationTemporality);
    if (temporality !== 0) {
      writer.byte(temporality);
      writer.byte(0x10);
    }
  }
  const points = writePoints();
  if (points === 0) {
    writer.rewind(mark);
    return 0;
  }
  writer.delimited(DATA_TAGS[dataPointType], dataMark);
  writer.raw(descriptors.get(descriptor));
  writer.delimited(0x12, mark);
  return points;
}

/** Numbers of the AggregationTemporality enumeration of metrics.proto. */
export function protoTemporality(temporality: AggregationTemporality): 0 | 1 | 2 {
  if (temporality === AggregationTemporality.DELTA) return 1;
  return temporality === AggregationTemporality.CUMULATIVE ? 2 : 0;
}
