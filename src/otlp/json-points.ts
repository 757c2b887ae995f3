import {
  ABSENT,
  type Attributes,
  type Column,
  type DataPoint,
  DataPointType,
  type Exemplar,
  type ExponentialBuckets,
  type ExponentialHistogramValue,
  type HistogramValue,
  type HrTime,
  hrTimeToNs,
  type Metric,
  NO_RECORDED_VALUE,
  type NumberMetricLayout,
  nsToHrTime,
  PRESENT,
  type SummaryValue,
  ValueType,
} from "../metrics/index.ts";
import { isInt64 } from "./encode-attributes.ts";
import { attributesJson, countsJson, countText, doubleJson } from "./json-values.ts";
import { TextCache } from "./text-cache.ts";
import type { TextSink } from "./text-sink.ts";

/** The start of a point: attributes of a series come again in every metric and every scrape. */
const series = new TextCache<Attributes>((attributes) => `{"attributes":${attributesJson(attributes)}`);

/** Points of a gauge or sum straight from its column, which has neither own end times nor extras; returns their number. */
export function writeNumbersJson(
  sink: TextSink,
  { attributes, slots, descriptor }: NumberMetricLayout,
  column: Column,
  times: TimesText,
): number {
  const { presence, values, timeNs } = column;
  let count = 0;
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i] as number;
    const state = presence.at(slot);
    if (state === ABSENT) continue;
    if (count++ > 0) sink.write(",");
    sink.raw(series.get(attributes[i] as Attributes));
    sink.raw(times.ofNs(column.startAt(slot), timeNs));
    sink.write(
      state === PRESENT
        ? numberJson(values[slot] as number, descriptor.valueType)
        : `,"flags":${NO_RECORDED_VALUE}`,
    );
    sink.write("}");
  }
  return count;
}

/** A point from plain objects. */
export function writePointJson(
  sink: TextSink,
  metric: Metric,
  point: DataPoint<unknown>,
  times: TimesText,
): void {
  const { attributes, flags, exemplars } = point;
  sink.raw(series.get(attributes));
  sink.raw(times.of(point));
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
export class TimesText {
  #start: HrTime = [0, 0];
  #end: HrTime = [0, 0];
  #startNs = 0n;
  #endNs = 0n;
  #text: Uint8Array = Buffer.from(',"timeUnixNano":"0"');

  of({ startTime, endTime }: DataPoint<unknown>): Uint8Array {
    if (!same(startTime, this.#start) || !same(endTime, this.#end)) {
      this.#start = startTime;
      this.#end = endTime;
      this.ofNs(hrTimeToNs(startTime), hrTimeToNs(endTime));
    }
    return this.#text;
  }

  ofNs(startNs: bigint, endNs: bigint): Uint8Array {
    if (startNs !== this.#startNs || endNs !== this.#endNs) {
      this.#startNs = startNs;
      this.#endNs = endNs;
      this.#start = nsToHrTime(startNs);
      this.#end = nsToHrTime(endNs);
      const start = startNs === 0n ? "" : `,"startTimeUnixNano":"${startNs}"`;
      this.#text = Buffer.from(`${start},"timeUnixNano":"${endNs}"`);
    }
    return this.#text;
  }
}

function same(a: HrTime, b: HrTime): boolean {
  return a[0] === b[0] && a[1] === b[1];
}
