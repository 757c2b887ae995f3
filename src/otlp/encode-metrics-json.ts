import {
  type Attributes,
  type Batch,
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
  type MetricDescriptor,
  NO_RECORDED_VALUE,
  type Resource,
  type SummaryValue,
  ValueType,
} from "../metrics/index.ts";
import { isInt64 } from "./encode-attributes.ts";
import { protoTemporality } from "./encode-envelope.ts";
import { attributesJson, countsJson, countText, doubleJson } from "./json-values.ts";
import { ownView } from "./own-view.ts";
import { TextCache } from "./text-cache.ts";
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
  writeMetricsJson(sink, batch);
  return sink.finish();
}

/** Writes a request and returns the number of its points. */
export function writeMetricsJson(sink: TextSink, batch: Batch): number {
  let points = 0;
  const times = new TimesText();
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
      writeList(sink, metrics, (metric) => {
        writeMetric(sink, metric, times);
        points += metric.dataPoints.length;
      });
      sink.write(`]${schemaUrlJson(scope.schemaUrl)}}`);
    });
    sink.write(`]${schemaUrlJson(resource.schemaUrl)}}`);
  });
  sink.write("]}");
  return points;
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

/** What names a metric: one object from scrape to scrape and for all resources. */
const heads = new TextCache<MetricDescriptor>(({ name, description, unit }) => {
  let text = `{"name":${JSON.stringify(name)}`;
  if (description) text += `,"description":${JSON.stringify(description)}`;
  if (unit) text += `,"unit":${JSON.stringify(unit)}`;
  return text;
});

/** The start of a point: attributes of a series come again in every metric and every scrape. */
const series = new TextCache<Attributes>((attributes) => `{"attributes":${attributesJson(attributes)}`);

function writeMetric(sink: TextSink, metric: Metric, times: TimesText): void {
  const { dataPointType } = metric;
  sink.raw(heads.get(metric.descriptor));
  let data = `,"${DATA_NAMES[dataPointType]}":{`;
  if (dataPointType !== DataPointType.GAUGE && dataPointType !== DataPointType.SUMMARY) {
    data += `"aggregationTemporality":${protoTemporality(metric.aggregationTemporality)},`;
  }
  if (dataPointType === DataPointType.SUM && metric.isMonotonic) data += '"isMonotonic":true,';
  sink.write(data);
  sink.write('"dataPoints":[');
  writeList<DataPoint<unknown>>(sink, metric.dataPoints, (point) => writePoint(sink, metric, point, times));
  sink.write("]}");
  if (metric.metadata !== undefined) sink.write(`,"metadata":${attributesJson(metric.metadata)}`);
  sink.write("}");
}

function writePoint(sink: TextSink, metric: Metric, point: DataPoint<unknown>, times: TimesText): void {
  const { attributes, flags, exemplars } = point;
  sink.raw(series.get(attributes));
  sink.raw(times.get(point));
  sink.write(valueJson(metric, point));
  if (exemplars !== undefined && metric.dataPointType !== DataPointType.SUMMARY) {
    sink.write(`,"exemplars":[${exemplars.map(exemplarJson).join(",")}]`);
  }
  if (flags) sink.write(`,"flags":${flags >>> 0}`);
  sink.write("}");
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

/** The times of a point; the last ones are remembered, as all points of a scrape have the same. */
class TimesText {
  #start: HrTime = [0, 0];
  #end: HrTime = [0, 0];
  #text: Uint8Array = Buffer.from(',"timeUnixNano":"0"');

  get({ startTime, endTime }: DataPoint<unknown>): Uint8Array {
    if (!same(startTime, this.#start) || !same(endTime, this.#end)) {
      const known = startTime[0] !== 0 || startTime[1] !== 0;
      const start = known ? `,"startTimeUnixNano":"${hrTimeToNs(startTime)}"` : "";
      this.#text = Buffer.from(`${start},"timeUnixNano":"${hrTimeToNs(endTime)}"`);
      this.#start = startTime;
      this.#end = endTime;
    }
    return this.#text;
  }
}

function same(a: HrTime, b: HrTime): boolean {
  return a[0] === b[0] && a[1] === b[1];
}
