import {
  type Attributes,
  addCounts,
  DataPointType,
  type ExponentialHistogramValue,
  type HistogramValue,
  hrTimeToNs,
  mergeExponential,
} from "../../metrics/index.ts";
import type { PointData, PointDraft } from "../context/draft.ts";
import { EvaluationError } from "../ottl-error.ts";

type Numbers = readonly (number | bigint)[];

/** Integers are added as integers, so that none is rounded. */
function sum(values: Numbers): number | bigint {
  if (values.every((value) => typeof value === "bigint")) return values.reduce<bigint>((a, b) => a + b, 0n);
  return values.reduce<number>((a, b) => a + Number(b), 0);
}

function median(values: Numbers): number {
  const sorted = values.map(Number).toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

const extreme = (pick: (a: number | bigint, b: number | bigint) => boolean) => (values: Numbers) =>
  values.reduce((best, value) => (pick(value, best) ? value : best));

export const aggregations = {
  sum,
  max: extreme((a, b) => a > b),
  min: extreme((a, b) => a < b),
  mean: (values: Numbers) => Number(sum(values)) / values.length,
  median,
  count: (values: Numbers) => values.length,
} as const;
export type Aggregation = keyof typeof aggregations;

/**
 * Merges points with the same attributes and time. The result has the order of the first of each.
 * @throws EvaluationError for summaries, and for histograms that cannot be added
 */
export function aggregatePoints(
  type: DataPointType,
  points: readonly PointDraft[],
  aggregation: Aggregation,
): PointDraft[] {
  const isNumber = type === DataPointType.GAUGE || type === DataPointType.SUM;
  if (type === DataPointType.SUMMARY) throw new EvaluationError("summaries cannot be aggregated");
  if (!isNumber && aggregation !== "sum")
    throw new EvaluationError(`histograms can only be added up, not aggregated by ${aggregation}`);
  const groups = Map.groupBy(points, ({ attributes, data }) => {
    return `${hrTimeToNs((data as PointData).endTime)}|${keyOf(attributes)}`;
  });
  return [...groups.values()].map((group) => {
    const [first] = group as [PointDraft, ...PointDraft[]];
    if (group.length === 1 && aggregation !== "count") return first;
    const data = group.map((point) => point.data as PointData);
    const start = data
      .map(({ startTime }) => startTime)
      .reduce((a, b) => (hrTimeToNs(b) < hrTimeToNs(a) ? b : a));
    const { exemplars: _, ...rest } = first.data as PointData;
    const values = data.map(({ value }) => value);
    const value = isNumber
      ? aggregations[aggregation](values as Numbers)
      : type === DataPointType.HISTOGRAM
        ? (values as HistogramValue[]).reduce(addHistograms)
        : (values as ExponentialHistogramValue[]).reduce(mergeExponential);
    return { ...first, data: { ...rest, startTime: start, value } };
  });
}

/** The same text for the same attributes, whatever their order and nesting. */
function keyOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(keyOf).join()}]`;
  if (typeof value === "bigint") return `i${value}`;
  if (value instanceof Uint8Array) return `b${Buffer.from(value).toString("hex")}`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  const attributes = value as Attributes;
  return `{${Object.keys(attributes)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${keyOf(attributes[key])}`)
    .join()}}`;
}

function optionalSum(a: number | undefined, b: number | undefined): { sum?: number } {
  return a === undefined || b === undefined ? {} : { sum: a + b };
}

function extremes(a: HistogramValue, b: HistogramValue): { min?: number; max?: number } {
  return {
    ...(a.min !== undefined && b.min !== undefined && { min: Math.min(a.min, b.min) }),
    ...(a.max !== undefined && b.max !== undefined && { max: Math.max(a.max, b.max) }),
  };
}

function addHistograms(a: HistogramValue, b: HistogramValue): HistogramValue {
  const bounds = a.buckets.boundaries;
  const same =
    bounds.length === b.buckets.boundaries.length &&
    bounds.every((bound, i) => bound === b.buckets.boundaries[i]);
  if (!same) throw new EvaluationError("histograms with different bounds cannot be added");
  return {
    buckets: {
      boundaries: bounds,
      counts: a.buckets.counts.map((count, i) => addCounts(count, b.buckets.counts[i] ?? 0)),
    },
    count: addCounts(a.count, b.count),
    ...optionalSum(a.sum, b.sum),
    ...extremes(a, b),
  };
}
