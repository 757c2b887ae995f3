import {
  type Attributes,
  DataPointType,
  type HistogramMetricLayout,
  type HistogramSlots,
  type MetricLayout,
  NO_RECORDED_VALUE,
  type SummaryMetricLayout,
  type SummarySlots,
} from "../metrics/index.ts";
import { writeAttributes } from "./encode-attributes.ts";
import { DATA_POINT } from "./encode-envelope.ts";
import { EncodedCache } from "./encoded-cache.ts";
import type { WireWriter } from "./wire-writer.ts";

/** The tag of `attributes` is 7 in number and summary points and 9 in histogram points. */
const attributes7 = new EncodedCache<Attributes>((writer, it) => writeAttributes(writer, 0x3a, it));
const attributes9 = new EncodedCache<Attributes>((writer, it) => writeAttributes(writer, 0x4a, it));

export interface PointShape {
  readonly hasStart: boolean;
  /** Of a histogram. */
  readonly hasSum: boolean;
}

/** Writes a point that has room for times and values instead of them. Not for exponential histograms. */
export function writeBlankPoint(
  writer: WireWriter,
  metric: MetricLayout,
  index: number,
  shape: PointShape,
): void {
  const mark = writer.length;
  const attributes = metric.attributes[index] as MetricLayout["attributes"][number];
  switch (metric.dataPointType) {
    case DataPointType.HISTOGRAM:
      writer.raw(attributes9.get(attributes));
      blankHistogram(writer, metric.series[index] as HistogramSlots, shape);
      break;
    case DataPointType.SUMMARY:
      writer.raw(attributes7.get(attributes));
      blankSummary(writer, metric.series[index] as SummarySlots);
      break;
    default:
      writer.raw(attributes7.get(attributes));
      writer.blank64(0x21);
  }
  blankTimes(writer, shape.hasStart);
  writer.delimited(DATA_POINT, mark);
}

/** Writes a stale point: flags and no value, but what says how a histogram or summary is cut; with room for the times. */
export function writeStalePoint(
  writer: WireWriter,
  metric: MetricLayout,
  index: number,
  hasStart: boolean,
): void {
  const mark = writer.length;
  const attributes = metric.attributes[index] as MetricLayout["attributes"][number];
  writer.byte(NO_RECORDED_VALUE);
  if (metric.dataPointType === DataPointType.HISTOGRAM) {
    writer.byte(0x50);
    writer.raw(attributes9.get(attributes));
    staleHistogram(writer, metric, index);
  } else {
    writer.byte(0x40);
    writer.raw(attributes7.get(attributes));
    if (metric.dataPointType === DataPointType.SUMMARY) staleSummary(writer, metric, index);
  }
  blankTimes(writer, hasStart);
  writer.delimited(DATA_POINT, mark);
}

/** Bytes from the start of a blank or stale point of this size to the end of its times. */
export function headSize(pointSize: number, hasStart: boolean): number {
  const times = hasStart ? 18 : 9;
  // The length in the head is that of the point without its tag and the length itself.
  for (let lengthSize = 1; ; lengthSize++) {
    if (pointSize - 1 - lengthSize < 2 ** (7 * lengthSize)) return 1 + lengthSize + times;
  }
}

/** Bytes from the anchor of a histogram to its first packed bucket count. */
export function countsOffset({ bounds }: HistogramSlots, hasSum: boolean): number {
  let lengthSize = 1;
  for (let rest = (bounds.length + 1) * 8; rest > 0x7f; rest >>>= 7) lengthSize++;
  return (hasSum ? 18 : 9) + 1 + lengthSize;
}

function blankHistogram(writer: WireWriter, { bounds }: HistogramSlots, { hasSum }: PointShape): void {
  writer.packedDoubles(0x3a, bounds);
  const mark = writer.length;
  writer.blank((bounds.length + 1) * 8);
  writer.delimited(0x32, mark);
  if (hasSum) writer.blank64(0x29);
  writer.blank64(0x21);
}

function blankSummary(writer: WireWriter, { quantiles }: SummarySlots): void {
  for (let i = quantiles.length - 1; i >= 0; i--) {
    const mark = writer.length;
    writer.blank64(0x11);
    writer.double(0x09, quantiles[i] as number);
    writer.delimited(0x32, mark);
  }
  writer.blank64(0x29);
  writer.blank64(0x21);
}

function staleHistogram(writer: WireWriter, { series }: HistogramMetricLayout, index: number): void {
  const { bounds } = series[index] as HistogramSlots;
  if (bounds.length === 0) return;
  writer.packedDoubles(0x3a, bounds);
  writer.packedCounts(0x32, new Array<number>(bounds.length + 1).fill(0));
}

function staleSummary(writer: WireWriter, { series }: SummaryMetricLayout, index: number): void {
  const { quantiles } = series[index] as SummarySlots;
  for (let i = quantiles.length - 1; i >= 0; i--) {
    const mark = writer.length;
    writer.double(0x11, 0);
    writer.double(0x09, quantiles[i] as number);
    writer.delimited(0x32, mark);
  }
}

function blankTimes(writer: WireWriter, hasStart: boolean): void {
  writer.blank64(0x19);
  if (hasStart) writer.blank64(0x11);
}
