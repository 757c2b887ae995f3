import {
  type Attributes,
  type Batch,
  type Count,
  type DataPoint,
  DataPointType,
  type Exemplar,
  type ExponentialBuckets,
  type ExponentialHistogramValue,
  type HistogramValue,
  type HrTime,
  hrTimeToNs,
  type InstrumentationScope,
  type Metric,
  NO_RECORDED_VALUE,
  type Resource,
  type SummaryValue,
  ValueType,
} from "../metrics/index.ts";
import { fitsInt64, isInt64, isIntAttribute } from "./encode-attributes.ts";
import { protoTemporality } from "./encode-envelope.ts";
import { ownView } from "./own-view.ts";
import { TextSink } from "./text-sink.ts";

/** Field of a Metric by kind. */
const DATA_NAMES: { readonly [Type in DataPointType]: string } = {
  [DataPointType.GAUGE]: "gauge",
  [DataPointType.SUM]: "sum",
  [DataPointType.HISTOGRAM]: "histogram",
  [DataPointType.EXPONENTIAL_HISTOGRAM]: "exponentialHistogram",
  [DataPointType.SUMMARY]: "summary",
};

/**
 * Encodes a batch as an OTLP/JSON request in UTF-8 (OTLP specification, section "JSON Protobuf Encoding"): lowerCamelCase
 * names, 64-bit integers as strings, enumerations as numbers, ids in hex, bytes in base64, and NaN and the infinities
 * as strings. Metrics, scopes and resources without points are left out.
 *
 * The bytes are the caller's own. They are not one JavaScript string on the way, whose length is limited.
 */
export function encodeMetricsJson(batch: Batch): Uint8Array {
  const sink = new TextSink();
  const resources = ownView(batch)
    .map(({ resource, scopeMetrics }) => ({
      resource,
      scopes: scopeMetrics
        .map(({ scope, metrics }) => ({
          scope,
          metrics: metrics.filter(({ dataPoints }) => dataPoints.length > 0),
        }))
        .filter(({ metrics }) => metrics.length > 0),
    }))
    .filter(({ scopes }) => scopes.length > 0);
  sink.write('{"resourceMetrics":[');
  writeList(sink, resources, ({ resource, scopes }) => {
    sink.write(`{"resource":${resourceJson(resource)},"scopeMetrics":[`);
    writeList(sink, scopes, ({ scope, metrics }) => {
      sink.write(`{"scope":${scopeJson(scope)},"metrics":[`);
      writeList(sink, metrics, (metric) => writeMetric(sink, metric));
      sink.write(`]${schemaUrlJson(scope.schemaUrl)}}`);
    });
    sink.write(`]${schemaUrlJson(resource.schemaUrl)}}`);
  });
  sink.write("]}");
  return sink.finish();
}

function writeList<T>(sink: TextSink, items: readonly T[], write: (item: T) => void): void {
  for (let i = 0; i < items.length; i++) {
    if (i > 0) sink.write(",");
    write(items[i] as T);
  }
}

function resourceJson({ attributes, droppedAttributesCount }: Resource): string {
  return `{"attributes":${attributesJson(attributes)}${droppedJson(droppedAttributesCount)}}`;
}

function scopeJson({ name, version, attributes, droppedAttributesCount }: InstrumentationScope): string {
  let json = `{"name":${JSON.stringify(name)}`;
  if (version) json += `,"version":${JSON.stringify(version)}`;
  if (attributes !== undefined) json += `,"attributes":${attributesJson(attributes)}`;
  return `${json}${droppedJson(droppedAttributesCount)}}`;
}

function droppedJson(count: number | undefined): string {
  return count ? `,"droppedAttributesCount":${count}` : "";
}

function schemaUrlJson(schemaUrl: string | undefined): string {
  return schemaUrl ? `,"schemaUrl":${JSON.stringify(schemaUrl)}` : "";
}

function writeMetric(sink: TextSink, metric: Metric): void {
  const { descriptor, dataPointType } = metric;
  let head = `{"name":${JSON.stringify(descriptor.name)}`;
  if (descriptor.description) head += `,"description":${JSON.stringify(descriptor.description)}`;
  if (descriptor.unit) head += `,"unit":${JSON.stringify(descriptor.unit)}`;
  head += `,"${DATA_NAMES[dataPointType]}":{`;
  if (dataPointType !== DataPointType.GAUGE && dataPointType !== DataPointType.SUMMARY) {
    head += `"aggregationTemporality":${protoTemporality(metric.aggregationTemporality)},`;
  }
  if (dataPointType === DataPointType.SUM && metric.isMonotonic) head += '"isMonotonic":true,';
  sink.write(`${head}"dataPoints":[`);
  const times = new TimeText();
  writeList<DataPoint<unknown>>(sink, metric.dataPoints, (point) =>
    sink.write(pointJson(metric, point, times)),
  );
  sink.write("]}");
  if (metric.metadata !== undefined) sink.write(`,"metadata":${attributesJson(metric.metadata)}`);
  sink.write("}");
}

function pointJson(metric: Metric, point: DataPoint<unknown>, times: TimeText): string {
  const { attributes, startTime, endTime, flags, exemplars } = point;
  let json = `{"attributes":${seriesJson(attributes)}`;
  if (startTime[0] !== 0 || startTime[1] !== 0) json += `,"startTimeUnixNano":"${times.start(startTime)}"`;
  json += `,"timeUnixNano":"${times.end(endTime)}"${valueJson(metric, point)}`;
  if (exemplars !== undefined && metric.dataPointType !== DataPointType.SUMMARY) {
    json += `,"exemplars":[${exemplars.map(exemplarJson).join(",")}]`;
  }
  if (flags) json += `,"flags":${flags >>> 0}`;
  return `${json}}`;
}

function valueJson(metric: Metric, point: DataPoint<unknown>): string {
  switch (metric.dataPointType) {
    case DataPointType.GAUGE:
    case DataPointType.SUM:
      if (((point.flags ?? 0) & NO_RECORDED_VALUE) !== 0) return "";
      return numberJson(point.value as number | bigint, point.valueType ?? metric.descriptor.valueType);
    case DataPointType.HISTOGRAM:
      return histogramJson(point.value as HistogramValue);
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      return exponentialJson(point.value as ExponentialHistogramValue);
    case DataPointType.SUMMARY:
      return summaryJson(point.value as SummaryValue);
  }
}

function numberJson(value: number | bigint, valueType: ValueType): string {
  if (typeof value === "bigint") return `,"asInt":"${value}"`;
  if (valueType === ValueType.INT && isInt64(value)) return `,"asInt":"${BigInt(value)}"`;
  return `,"asDouble":${doubleJson(value)}`;
}

function histogramJson({ count, buckets, sum, min, max }: HistogramValue): string {
  let json = `,"count":"${countText(count)}"`;
  if (sum !== undefined) json += `,"sum":${doubleJson(sum)}`;
  if (buckets.counts.length > 0) json += `,"bucketCounts":${countsJson(buckets.counts)}`;
  if (buckets.boundaries.length > 0) {
    json += `,"explicitBounds":[${buckets.boundaries.map(doubleJson).join(",")}]`;
  }
  return json + extremesJson(min, max);
}

function exponentialJson(value: ExponentialHistogramValue): string {
  let json = `,"count":"${countText(value.count)}"`;
  if (value.sum !== undefined) json += `,"sum":${doubleJson(value.sum)}`;
  json += `,"scale":${value.scale},"zeroCount":"${countText(value.zeroCount)}"`;
  json += `,"positive":${bucketsJson(value.positive)},"negative":${bucketsJson(value.negative)}`;
  if (value.zeroThreshold) json += `,"zeroThreshold":${doubleJson(value.zeroThreshold)}`;
  return json + extremesJson(value.min, value.max);
}

function bucketsJson({ offset, bucketCounts }: ExponentialBuckets): string {
  return `{"offset":${offset},"bucketCounts":${countsJson(bucketCounts)}}`;
}

function extremesJson(min: number | undefined, max: number | undefined): string {
  const json = min === undefined ? "" : `,"min":${doubleJson(min)}`;
  return max === undefined ? json : `${json},"max":${doubleJson(max)}`;
}

function summaryJson({ count, sum, quantiles }: SummaryValue): string {
  const values = quantiles.map(
    ({ quantile, value }) => `{"quantile":${doubleJson(quantile)},"value":${doubleJson(value)}}`,
  );
  return `,"count":"${countText(count)}","sum":${doubleJson(sum)},"quantileValues":[${values.join(",")}]`;
}

function exemplarJson({ time, value, filteredAttributes, traceId, spanId }: Exemplar): string {
  const json = `{"filteredAttributes":${attributesJson(filteredAttributes)},"timeUnixNano":"${hrTimeToNs(time)}"`;
  const number = typeof value === "bigint" ? `,"asInt":"${value}"` : `,"asDouble":${doubleJson(value)}`;
  const span = spanId === undefined ? "" : `,"spanId":${JSON.stringify(spanId)}`;
  const trace = traceId === undefined ? "" : `,"traceId":${JSON.stringify(traceId)}`;
  return `${json}${number}${span}${trace}}`;
}

function doubleJson(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0" : String(value);
  return Number.isNaN(value) ? '"NaN"' : value > 0 ? '"Infinity"' : '"-Infinity"';
}

function countsJson(counts: readonly Count[]): string {
  return counts.length === 0 ? "[]" : `["${counts.map(countText).join('","')}"]`;
}

/** A count as the protobuf encoding carries it: a whole number from 0 to 2^64 - 1. */
function countText(count: Count): string {
  if (typeof count === "number" && count >= 0 && count <= Number.MAX_SAFE_INTEGER) {
    return String(Math.floor(count));
  }
  if (typeof count === "number" && !(count > 0)) return "0";
  const value = count === Infinity ? MAX_UINT64 : BigInt(count);
  return String(value < 0n ? 0n : value > MAX_UINT64 ? MAX_UINT64 : value);
}

const MAX_UINT64 = 2n ** 64n - 1n;

/** Text of attributes objects by identity: those of a series come again in every metric and every scrape. */
const seriesTexts = new WeakMap<Attributes, string>();

function seriesJson(attributes: Attributes): string {
  let text = seriesTexts.get(attributes);
  if (text === undefined) {
    text = attributesJson(attributes);
    seriesTexts.set(attributes, text);
  }
  return text;
}

function attributesJson(attributes: Attributes): string {
  const fields = Object.keys(attributes).map(
    (key) => `{"key":${JSON.stringify(key)},"value":${anyValueJson(attributes[key])}}`,
  );
  return `[${fields.join(",")}]`;
}

function anyValueJson(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `{"stringValue":${JSON.stringify(value)}}`;
    case "boolean":
      return `{"boolValue":${value}}`;
    case "number":
      return isIntAttribute(value) ? `{"intValue":"${value}"}` : `{"doubleValue":${doubleJson(value)}}`;
    case "bigint":
      return fitsInt64(value) ? `{"intValue":"${value}"}` : `{"stringValue":"${value}"}`;
    case "object":
      if (value === null) return "{}";
      if (value instanceof Uint8Array) return `{"bytesValue":"${Buffer.from(value).toString("base64")}"}`;
      if (Array.isArray(value)) return `{"arrayValue":{"values":[${value.map(anyValueJson).join(",")}]}}`;
      return `{"kvlistValue":{"values":${attributesJson(value as Attributes)}}}`;
    default:
      return "{}";
  }
}

/** Nanoseconds as text; the last start and end are remembered, as all points of a scrape have the same. */
class TimeText {
  #start: HrTime | undefined;
  #startText = "";
  #end: HrTime | undefined;
  #endText = "";

  start(time: HrTime): string {
    if (time !== this.#start) {
      this.#start = time;
      this.#startText = hrTimeToNs(time).toString();
    }
    return this.#startText;
  }

  end(time: HrTime): string {
    if (time !== this.#end) {
      this.#end = time;
      this.#endText = hrTimeToNs(time).toString();
    }
    return this.#endText;
  }
}
