import {
  type Count,
  DataPointType,
  type ExponentialHistogramValue,
  type HistogramValue,
  type SummaryValue,
  ValueType,
} from "../../metrics/index.ts";
import type { Frame, PointData, PointDraft, PointValue } from "../context/draft.ts";
import { EvaluationError } from "../ottl-error.ts";
import { type Aggregation, aggregatePoints, aggregations } from "./aggregate.ts";
import { distributions, toExplicit } from "./exponential-to-explicit.ts";
import {
  defineFunction,
  type FunctionDefinition,
  floatLike,
  floats,
  literal,
  optional,
  string,
  strings,
} from "./parameter.ts";

/** Also what the column engine does to the numbers of gauges and sums. */
export function scaleValue(metricType: DataPointType, value: PointValue, factor: number): PointValue {
  switch (metricType) {
    case DataPointType.GAUGE:
    case DataPointType.SUM:
      return Number(value) * factor;
    case DataPointType.HISTOGRAM: {
      const { buckets, sum, min, max, ...rest } = value as HistogramValue;
      return {
        ...rest,
        buckets: { ...buckets, boundaries: buckets.boundaries.map((bound) => bound * factor) },
        ...(sum !== undefined && { sum: sum * factor }),
        ...(min !== undefined && { min: min * factor }),
        ...(max !== undefined && { max: max * factor }),
      };
    }
    case DataPointType.SUMMARY: {
      const summary = value as SummaryValue;
      return {
        ...summary,
        sum: summary.sum * factor,
        quantiles: summary.quantiles.map(({ quantile, value: at }) => ({ quantile, value: at * factor })),
      };
    }
    default:
      throw new EvaluationError("scale_metric cannot scale exponential histograms");
  }
}

/** An integer that is scaled becomes what it is scaled to: an integer where it is whole in an integer metric. */
function scalePoint(frame: Frame, point: PointDraft, factor: number): void {
  const { metric } = frame;
  const data = point.data as PointData;
  const value = scaleValue(metric.dataPointType, data.value, factor);
  const { valueType, ...rest } = data;
  if (typeof value !== "number") {
    const exemplars = data.exemplars?.map((exemplar) => ({
      ...exemplar,
      value: Number(exemplar.value) * factor,
    }));
    point.data = { ...data, ...(exemplars && { exemplars }), value };
    return;
  }
  const isInteger =
    typeof data.value === "bigint" || (valueType ?? metric.descriptor.valueType) === ValueType.INT;
  // As the Collector: an int64 stays one, cut to whole numbers.
  point.data = isInteger
    ? { ...rest, valueType: ValueType.INT, value: Math.trunc(value) }
    : { ...rest, ...(valueType !== undefined && { valueType }), value };
}

const scaleMetric = defineFunction({
  name: "scale_metric",
  parameters: { factor: floatLike(), unit: optional(string()) },
  returns: "nil",
  contexts: ["metric"],
  effects: { readsPoints: true, writesPoints: true, writes: ["metric"] },
  build:
    ({ factor, unit }) =>
    (frame) => {
      const { metric } = frame;
      const by = factor.get(frame);
      if (by === undefined) throw new EvaluationError("factor must be a number, got nil");
      for (const point of metric.points) scalePoint(frame, point, by);
      if (unit !== undefined) metric.descriptor = { ...metric.descriptor, unit: unit.get(frame) };
    },
});

/** @throws Error */
function aggregationOf(name: string): Aggregation {
  const found = Object.hasOwn(aggregations, name) ? (name as Aggregation) : undefined;
  if (found !== undefined) return found;
  throw new Error(
    `function must be one of ${Object.keys(aggregations).join(", ")}, got ${JSON.stringify(name)}`,
  );
}

const aggregateOnAttributes = defineFunction({
  name: "aggregate_on_attributes",
  parameters: { function: literal(string()), attributes: optional(literal(strings())) },
  returns: "nil",
  contexts: ["metric"],
  effects: { readsPoints: true, writesPoints: true, spansPoints: true, writes: ["datapoint"] },
  build({ function: name, attributes }) {
    const aggregation = aggregationOf(name);
    const kept = attributes === undefined ? undefined : new Set(attributes);
    return ({ metric }) => {
      const points =
        kept === undefined
          ? metric.points
          : metric.points.map((point) => ({
              ...point,
              attributes: Object.fromEntries(
                Object.entries(point.attributes).filter(([key]) => kept.has(key)),
              ),
            }));
      metric.points = aggregatePoints(metric, points, aggregation);
    };
  },
});

const aggregateOnAttributeValue = defineFunction({
  name: "aggregate_on_attribute_value",
  parameters: {
    function: literal(string()),
    attribute: literal(string()),
    values: literal(strings()),
    new_value: literal(string()),
  },
  returns: "nil",
  contexts: ["metric"],
  effects: { readsPoints: true, writesPoints: true, spansPoints: true, writes: ["datapoint"] },
  build({ function: name, attribute, values, new_value: value }) {
    const aggregation = aggregationOf(name);
    const merged = new Set<unknown>(values);
    return ({ metric }) => {
      const isMeant = ({ attributes }: PointDraft) => merged.has(attributes[attribute]);
      const renamed = metric.points.map((point) =>
        isMeant(point) ? { ...point, attributes: { ...point.attributes, [attribute]: value } } : point,
      );
      metric.points = aggregatePoints(metric, renamed, aggregation);
    };
  },
});

const convertExponential = defineFunction({
  name: "convert_exponential_histogram_to_histogram",
  parameters: { distribution: literal(string()), explicit_bounds: literal(floats()) },
  returns: "nil",
  contexts: ["metric"],
  effects: { readsPoints: true, writesPoints: true, isImpure: true, writes: ["metric"] },
  build({ distribution, explicit_bounds: bounds }) {
    const distribute = Object.hasOwn(distributions, distribution) ? distributions[distribution] : undefined;
    if (distribute === undefined) {
      throw new Error(
        `distribution must be one of ${Object.keys(distributions).join(", ")}, got ${JSON.stringify(distribution)}`,
      );
    }
    if (bounds.length === 0) throw new Error("explicit_bounds must not be empty");
    return (frame) => {
      const { metric, random } = frame;
      if (metric.dataPointType !== DataPointType.EXPONENTIAL_HISTOGRAM) return;
      metric.dataPointType = DataPointType.HISTOGRAM;
      for (const point of metric.points) {
        const data = point.data as PointData;
        const value = toExplicit(data.value as ExponentialHistogramValue, bounds, distribute, random);
        point.data = { ...data, value };
      }
    };
  },
});

const methods = ["remove_explicit_bound", "limit_buckets"];

const mergeBuckets = defineFunction({
  name: "merge_histogram_buckets",
  parameters: { target_value: floatLike(), method: optional(literal(string())) },
  returns: "nil",
  contexts: ["datapoint"],
  effects: { readsPoints: true, writesPoints: true },
  build({ target_value, method = "remove_explicit_bound" }) {
    if (!methods.includes(method)) {
      throw new Error(`method must be one of ${methods.join(", ")}, got ${JSON.stringify(method)}`);
    }
    const isLimit = method === "limit_buckets";
    const checked = (value: number | undefined): number => {
      if (value === undefined) throw new EvaluationError("target_value must be a number, got nil");
      if (isLimit && !(Number.isInteger(value) && value >= 1)) {
        throw new EvaluationError(
          `target_value must be an integer from 1 up for limit_buckets, got ${value}`,
        );
      }
      return value;
    };
    if (target_value.constant !== undefined) checked(target_value.constant.value);
    return (frame) => {
      if (frame.metric.dataPointType !== DataPointType.HISTOGRAM) return;
      const data = frame.point.data as PointData;
      const histogram = data.value as HistogramValue;
      const { boundaries, counts } = histogram.buckets;
      const value = checked(target_value.get(frame));
      if (boundaries.length + 1 !== counts.length || counts.length === 1) return;
      const buckets = isLimit
        ? limitBuckets(boundaries, counts, value)
        : removeBound(boundaries, counts, value);
      if (buckets !== undefined) frame.point.data = { ...data, value: { ...histogram, buckets } };
    };
  },
});

type Buckets = HistogramValue["buckets"];

function removeBound(
  boundaries: readonly number[],
  counts: readonly Count[],
  bound: number,
): Buckets | undefined {
  const index = boundaries.findIndex((candidate) => Math.abs(candidate - bound) < 1e-12);
  if (index < 0) return undefined;
  return {
    boundaries: boundaries.toSpliced(index, 1),
    counts: counts.toSpliced(index, 2, addCounts([counts[index] as Count, counts[index + 1] as Count])),
  };
}

/** Joins neighbours in groups of one size, the least that leaves few enough. */
function limitBuckets(
  boundaries: readonly number[],
  counts: readonly Count[],
  most: number,
): Buckets | undefined {
  if (counts.length <= most) return undefined;
  const size = Math.ceil(counts.length / most);
  const merged: Count[] = [];
  for (let i = 0; i < counts.length; i += size) merged.push(addCounts(counts.slice(i, i + size)));
  return { boundaries: boundaries.filter((_, i) => (i + 1) % size === 0), counts: merged };
}

function addCounts(counts: readonly Count[]): Count {
  const sum = counts.reduce<bigint>((total, count) => total + BigInt(count), 0n);
  return sum <= Number.MAX_SAFE_INTEGER ? Number(sum) : sum;
}

export const metricValueFunctions: readonly FunctionDefinition[] = [
  scaleMetric,
  aggregateOnAttributes,
  aggregateOnAttributeValue,
  convertExponential,
  mergeBuckets,
];
