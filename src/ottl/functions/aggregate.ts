import {
  type Attributes,
  addCounts,
  DataPointType,
  type ExponentialHistogramValue,
  type HistogramValue,
  hrTimeToNs,
  mergeExponential,
  ValueType,
} from "../../metrics/index.ts";
import { isStale, type MetricDraft, type PointData, type PointDraft } from "../context/draft.ts";
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
  count: (values: Numbers) => BigInt(values.length),
} as const;
export type Aggregation = keyof typeof aggregations;

/**
 * Merges points with the same attributes and time. The result has the order of the first of each. Points without a
 * recorded value, of series that have ended, count for nothing unless all of them are such. Means and medians are
 * doubles.
 * @throws EvaluationError for summaries, and for histograms that cannot be added
 */
export function aggregatePoints(
  { dataPointType: type, descriptor }: Pick<MetricDraft, "dataPointType" | "descriptor">,
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
    const live = group.filter(({ data }) => !isStale(data as PointData));
    const [first] = (live.length > 0 ? live : group) as [PointDraft, ...PointDraft[]];
    if (live.length === 0 || (group.length === 1 && aggregation !== "count")) return first;
    const data = live.map((point) => point.data as PointData);
    const start = data
      .map(({ startTime }) => startTime)
      .reduce((a, b) => (hrTimeToNs(b) < hrTimeToNs(a) ? b : a));
    const { exemplars: _, valueType: __, ...rest } = first.data as PointData;
    const exemplars = data.flatMap((point) => point.exemplars ?? []);
    const merged = isNumber
      ? aggregateNumbers(data, aggregation, descriptor.valueType)
      : { value: addComposites(type, data) };
    const more = exemplars.length > 0 ? { exemplars } : {};
    return { ...first, data: { ...rest, startTime: start, ...more, ...merged } };
  });
}

/** @param metricType what points without a type of their own have */
function aggregateNumbers(
  data: readonly PointData[],
  aggregation: Aggregation,
  metricType: ValueType,
): Pick<PointData, "value" | "valueType"> {
  const areIntegers = data.every(
    ({ value, valueType }) =>
      typeof value === "bigint" || ((valueType ?? metricType) === ValueType.INT && Number.isInteger(value)),
  );
  const values = data.map(({ value }) => (areIntegers ? BigInt(value as number) : Number(value)));
  const value = aggregations[aggregation](values);
  const isFraction = aggregation === "mean" || aggregation === "median";
  const valueType = areIntegers && !isFraction ? ValueType.INT : ValueType.DOUBLE;
  const isSafe = Number.isSafeInteger(Number(value));
  return {
    value: typeof value === "bigint" && isSafe ? Number(value) : value,
    ...(valueType !== metricType && { valueType }),
  };
}

function addComposites(type: DataPointType, data: readonly PointData[]): PointData["value"] {
  const values = data.map(({ value }) => value);
  return type === DataPointType.HISTOGRAM
    ? (values as HistogramValue[]).reduce(addHistograms)
    : (values as ExponentialHistogramValue[]).reduce(mergeExponential);
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
