import {
  type DataPoint,
  DataPointType,
  type Exemplar,
  type ExponentialBuckets,
  type ExponentialHistogramValue,
  type HistogramValue,
  type HrTime,
  type Metric,
  NO_RECORDED_VALUE,
  type SummaryValue,
  ValueType,
} from "../metrics/index.ts";
import { isInt64, writeAttributes } from "./encode-attributes.ts";
import { DATA_POINT } from "./encode-envelope.ts";
import type { WireWriter } from "./wire-writer.ts";

const TWO_32 = 4_294_967_296;

const START_TIME = 0x11;
const TIME = 0x19;

/** Writes the points of a metric from plain objects (metrics.proto) and returns their number. */
export function writePoints(writer: WireWriter, metric: Metric): number {
  for (let i = metric.dataPoints.length - 1; i >= 0; i--) writePoint(writer, metric, i);
  return metric.dataPoints.length;
}

/** Writes point `index` of a metric, tag and all. */
export function writePoint(writer: WireWriter, metric: Metric, index: number): void {
  const mark = writer.length;
  switch (metric.dataPointType) {
    case DataPointType.GAUGE:
    case DataPointType.SUM:
      writeNumber(
        writer,
        metric.dataPoints[index] as DataPoint<number | bigint>,
        metric.descriptor.valueType,
      );
      break;
    case DataPointType.HISTOGRAM:
      writeHistogram(writer, metric.dataPoints[index] as DataPoint<HistogramValue>);
      break;
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      writeExponential(writer, metric.dataPoints[index] as DataPoint<ExponentialHistogramValue>);
      break;
    case DataPointType.SUMMARY:
      writeSummary(writer, metric.dataPoints[index] as DataPoint<SummaryValue>);
  }
  writer.delimited(DATA_POINT, mark);
}

/** Fields are written backwards, so the last of a message comes first. */
function writeNumber(
  writer: WireWriter,
  point: DataPoint<number | bigint>,
  metricValueType: ValueType,
): void {
  writeFlags(writer, 0x40, point.flags);
  writeExemplars(writer, 0x2a, point.exemplars);
  writeAttributes(writer, 0x3a, point.attributes);
  if (((point.flags ?? 0) & NO_RECORDED_VALUE) === 0) {
    writeNumberValue(writer, point.value, point.valueType ?? metricValueType);
  }
  writeTimes(writer, point);
}

function writeNumberValue(writer: WireWriter, value: number | bigint, valueType: ValueType): void {
  if (typeof value === "bigint") writer.bigFixed64(0x31, value);
  else if (valueType === ValueType.INT && isInt64(value)) writer.bigFixed64(0x31, BigInt(value));
  else writer.double(0x21, value);
}

function writeHistogram(writer: WireWriter, point: DataPoint<HistogramValue>): void {
  const { buckets, count, sum, min, max } = point.value;
  if (max !== undefined) writer.double(0x61, max);
  if (min !== undefined) writer.double(0x59, min);
  writeFlags(writer, 0x50, point.flags);
  writeAttributes(writer, 0x4a, point.attributes);
  writeExemplars(writer, 0x42, point.exemplars);
  writer.packedDoubles(0x3a, buckets.boundaries);
  writer.packedCounts(0x32, buckets.counts);
  if (sum !== undefined) writer.double(0x29, sum);
  writer.count(0x21, count);
  writeTimes(writer, point);
}

function writeExponential(writer: WireWriter, point: DataPoint<ExponentialHistogramValue>): void {
  const { value } = point;
  if (value.zeroThreshold) writer.double(0x71, value.zeroThreshold);
  if (value.max !== undefined) writer.double(0x69, value.max);
  if (value.min !== undefined) writer.double(0x61, value.min);
  writeExemplars(writer, 0x5a, point.exemplars);
  writeFlags(writer, 0x50, point.flags);
  writeBuckets(writer, 0x4a, value.negative);
  writeBuckets(writer, 0x42, value.positive);
  writer.count(0x39, value.zeroCount);
  writeSint32(writer, 0x30, value.scale);
  if (value.sum !== undefined) writer.double(0x29, value.sum);
  writer.count(0x21, value.count);
  writeTimes(writer, point);
  writeAttributes(writer, 0x0a, point.attributes);
}

function writeBuckets(writer: WireWriter, tag: number, { offset, bucketCounts }: ExponentialBuckets): void {
  const mark = writer.length;
  if (bucketCounts.length > 0) {
    for (let i = bucketCounts.length - 1; i >= 0; i--) {
      const count = bucketCounts[i] as number | bigint;
      if (typeof count === "number" && count >= 0 && count <= Number.MAX_SAFE_INTEGER) {
        writer.varint(Math.floor(count));
      } else {
        writer.bigVarint(typeof count === "bigint" ? count : count > 0 ? BigInt(Math.floor(count)) : 0n);
      }
    }
    writer.delimited(0x12, mark);
  }
  writeSint32(writer, 0x08, offset);
  writer.delimited(tag, mark);
}

function writeSummary(writer: WireWriter, point: DataPoint<SummaryValue>): void {
  const { count, sum, quantiles } = point.value;
  writeFlags(writer, 0x40, point.flags);
  writeAttributes(writer, 0x3a, point.attributes);
  for (let i = quantiles.length - 1; i >= 0; i--) {
    const { quantile, value } = quantiles[i] as SummaryValue["quantiles"][number];
    const mark = writer.length;
    writer.double(0x11, value);
    writer.double(0x09, quantile);
    writer.delimited(0x32, mark);
  }
  writer.double(0x29, sum);
  writer.count(0x21, count);
  writeTimes(writer, point);
}

function writeExemplars(writer: WireWriter, tag: number, exemplars: readonly Exemplar[] | undefined): void {
  if (exemplars === undefined) return;
  for (let i = exemplars.length - 1; i >= 0; i--) {
    const { time, value, filteredAttributes, traceId, spanId } = exemplars[i] as Exemplar;
    const mark = writer.length;
    writeAttributes(writer, 0x3a, filteredAttributes);
    if (typeof value === "bigint") writer.bigFixed64(0x31, value);
    if (traceId !== undefined) writer.bytes(0x2a, Buffer.from(traceId, "hex"));
    if (spanId !== undefined) writer.bytes(0x22, Buffer.from(spanId, "hex"));
    if (typeof value === "number") writer.double(0x19, value);
    writeTime(writer, START_TIME, time);
    writer.delimited(tag, mark);
  }
}

function writeTimes(writer: WireWriter, point: DataPoint<unknown>): void {
  writeTime(writer, TIME, point.endTime);
  const { startTime } = point;
  if (startTime[0] !== 0 || startTime[1] !== 0) writeTime(writer, START_TIME, startTime);
}

/** Nanoseconds as 64 bits without a BigInt: seconds are split so that every product stays below 2^53. */
function writeTime(writer: WireWriter, tag: number, [seconds, nanoseconds]: HrTime): void {
  const lower = (seconds % 0x1_0000) * 1e9 + nanoseconds;
  const upper = Math.floor(seconds / 0x1_0000) * 1e9;
  const low = (upper % 0x1_0000) * 0x1_0000 + lower;
  writer.fixed64(tag, low >>> 0, Math.floor(upper / 0x1_0000) + Math.floor(low / TWO_32));
}

function writeFlags(writer: WireWriter, tag: number, flags: number | undefined): void {
  if (!flags) return;
  writer.varint(flags >>> 0);
  writer.byte(tag);
}

function writeSint32(writer: WireWriter, tag: number, value: number): void {
  if (value === 0) return;
  writer.varint(((value << 1) ^ (value >> 31)) >>> 0);
  writer.byte(tag);
}
