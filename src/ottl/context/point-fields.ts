import {
  type Attributes,
  DataPointType,
  type ExponentialHistogramValue,
  type HistogramValue,
  hrTimeToNs,
  nsToHrTime,
  type SummaryValue,
  ValueType,
} from "../../metrics/index.ts";
import { EvaluationError } from "../ottl-error.ts";
import { Instant } from "../values/time.ts";
import type { Frame, PointData, PointValue } from "./draft.ts";
import type { Field } from "./field.ts";

/** Fields of points that are no attributes are undefined for kinds of points that do not have them. */
export const pointFields: Readonly<Record<string, Field>> = {
  attributes: {
    type: "map",
    isAttributes: true,
    get: ({ point }) => point.attributes,
    set: ({ point }, value) => {
      point.attributes = value as Attributes;
    },
  },
  start_time_unix_nano: timeField("startTime", false),
  time_unix_nano: timeField("endTime", false),
  start_time: timeField("startTime", true),
  time: timeField("endTime", true),
  value_double: {
    type: "float",
    isPointData: true,
    get: (frame) => {
      const value = numberOf(frame);
      return value === undefined ? undefined : isInteger(frame) ? 0 : Number(value);
    },
    set: (frame, value) => {
      if (numberOf(frame) === undefined) return;
      const { valueType: _, ...rest } = dataOf(frame);
      const own =
        frame.metric.descriptor.valueType === ValueType.DOUBLE ? {} : { valueType: ValueType.DOUBLE };
      frame.point.data = { ...rest, ...own, value: value as number };
    },
  },
  value_int: {
    type: "int",
    isPointData: true,
    get: (frame) => {
      const value = numberOf(frame);
      return value === undefined ? undefined : isInteger(frame) ? BigInt(value) : 0n;
    },
    set: (frame, value) => {
      if (numberOf(frame) === undefined) return;
      const whole = value as bigint;
      const isSafe = whole === BigInt(Number(whole)) && Number.isSafeInteger(Number(whole));
      const { valueType: _, ...rest } = dataOf(frame);
      const own = frame.metric.descriptor.valueType === ValueType.INT ? {} : { valueType: ValueType.INT };
      frame.point.data = { ...rest, ...own, value: isSafe ? Number(whole) : whole };
    },
  },
  flags: {
    type: "int",
    isPointData: true,
    get: (frame) => BigInt(dataOf(frame).flags ?? 0),
    set: (frame, value) => {
      frame.point.data = { ...dataOf(frame), flags: Number(BigInt.asUintN(32, value as bigint)) };
    },
  },
  exemplars: {
    type: "list",
    isPointData: true,
    get: (frame) => dataOf(frame).exemplars ?? [],
    readOnlyHint: "exemplars can be counted, not written",
  },
  count: countField(
    (value) => value.count,
    (value, count) => ({ ...value, count }),
  ),
  sum: {
    type: "float",
    isPointData: true,
    get: (frame) => compositeOf(frame)?.sum,
    set: (frame, sum) => update(frame, (value) => ({ ...value, sum: sum as number })),
  },
  min: extremeField("min"),
  max: extremeField("max"),
  bucket_counts: {
    type: "list",
    isPointData: true,
    get: (frame) => histogramOf(frame)?.buckets.counts.map(BigInt),
    set: (frame, value) =>
      updateHistogram(frame, (histogram) => ({
        ...histogram,
        buckets: { ...histogram.buckets, counts: counts(value) },
      })),
  },
  explicit_bounds: {
    type: "list",
    isPointData: true,
    get: (frame) => histogramOf(frame)?.buckets.boundaries,
    set: (frame, value) =>
      updateHistogram(frame, (histogram) => ({
        ...histogram,
        buckets: { ...histogram.buckets, boundaries: numbers(value) },
      })),
  },
  quantile_values: {
    type: "list",
    isPointData: true,
    get: (frame) => summaryOf(frame)?.quantiles,
    readOnlyHint: "use convert_summary_quantile_val_to_gauge(...) or scale_metric(...)",
  },
  scale: {
    type: "int",
    isPointData: true,
    get: (frame) => mapDefined(exponentialOf(frame), ({ scale }) => BigInt(scale)),
    set: (frame, scale) => updateExponential(frame, (value) => ({ ...value, scale: Number(scale) })),
  },
  zero_count: {
    type: "int",
    isPointData: true,
    get: (frame) => mapDefined(exponentialOf(frame), ({ zeroCount }) => BigInt(zeroCount)),
    set: (frame, zeroCount) =>
      updateExponential(frame, (value) => ({ ...value, zeroCount: count(zeroCount) })),
  },
  positive: bucketsField("positive"),
  negative: bucketsField("negative"),
};

function timeField(key: "startTime" | "endTime", asTime: boolean): Field {
  return {
    type: asTime ? "time" : "int",
    isPointData: true,
    get: (frame) => {
      const ns = hrTimeToNs(dataOf(frame)[key]);
      return asTime ? new Instant(ns) : ns;
    },
    set: (frame, value) => {
      const ns = asTime ? (value as Instant).ns : (value as bigint);
      if (ns < 0n) throw new EvaluationError("a point cannot have a time before 1970");
      frame.point.data = { ...dataOf(frame), [key]: nsToHrTime(ns) };
    },
  };
}

function countField(
  read: (value: Composite) => number | bigint,
  write: (value: Composite, count: number | bigint) => Composite,
): Field {
  return {
    type: "int",
    isPointData: true,
    get: (frame) => mapDefined(compositeOf(frame), (value) => BigInt(read(value))),
    set: (frame, value) => update(frame, (composite) => write(composite, count(value))),
  };
}

function extremeField(key: "min" | "max"): Field {
  return {
    type: "float",
    isPointData: true,
    get: (frame) => (histogramOf(frame) ?? exponentialOf(frame))?.[key],
    set: (frame, value) => {
      updateHistogram(frame, (histogram) => ({ ...histogram, [key]: value as number }));
      updateExponential(frame, (exponential) => ({ ...exponential, [key]: value as number }));
    },
  };
}

function bucketsField(side: "positive" | "negative"): Field {
  return {
    type: "map",
    isPointData: true,
    get: (frame) =>
      mapDefined(exponentialOf(frame), (value) => ({
        offset: BigInt(value[side].offset),
        bucket_counts: value[side].bucketCounts.map(BigInt),
      })),
    readOnlyHint: `set ${side}.offset or ${side}.bucket_counts`,
    fields: {
      offset: {
        type: "int",
        isPointData: true,
        get: (frame) => mapDefined(exponentialOf(frame), (value) => BigInt(value[side].offset)),
        set: (frame, offset) =>
          updateExponential(frame, (value) => ({
            ...value,
            [side]: { ...value[side], offset: Number(offset) },
          })),
      },
      bucket_counts: {
        type: "list",
        isPointData: true,
        get: (frame) => exponentialOf(frame)?.[side].bucketCounts.map(BigInt),
        set: (frame, list) =>
          updateExponential(frame, (value) => ({
            ...value,
            [side]: { ...value[side], bucketCounts: counts(list) },
          })),
      },
    },
  };
}

type Composite = HistogramValue | ExponentialHistogramValue | SummaryValue;

function dataOf({ point }: Frame): PointData {
  return point.data as PointData;
}

function numberOf({ metric, point }: Frame): number | bigint | undefined {
  const { dataPointType } = metric;
  return dataPointType === DataPointType.GAUGE || dataPointType === DataPointType.SUM
    ? (point.data?.value as number | bigint)
    : undefined;
}

/** Whether the number of a point is an integer: by its own type, else by that of the metric. */
export function isInteger({ metric, point }: Frame): boolean {
  const { value, valueType } = point.data as PointData;
  return typeof value === "bigint" || (valueType ?? metric.descriptor.valueType) === ValueType.INT;
}

function compositeOf({ metric, point }: Frame): Composite | undefined {
  const { dataPointType } = metric;
  return dataPointType === DataPointType.GAUGE || dataPointType === DataPointType.SUM
    ? undefined
    : (point.data?.value as Composite);
}

function histogramOf({ metric, point }: Frame): HistogramValue | undefined {
  return metric.dataPointType === DataPointType.HISTOGRAM ? (point.data?.value as HistogramValue) : undefined;
}

function exponentialOf({ metric, point }: Frame): ExponentialHistogramValue | undefined {
  return metric.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM
    ? (point.data?.value as ExponentialHistogramValue)
    : undefined;
}

function summaryOf({ metric, point }: Frame): SummaryValue | undefined {
  return metric.dataPointType === DataPointType.SUMMARY ? (point.data?.value as SummaryValue) : undefined;
}

function put(frame: Frame, value: PointValue | undefined): void {
  if (value !== undefined) frame.point.data = { ...dataOf(frame), value };
}

function update(frame: Frame, change: (value: Composite) => Composite): void {
  put(frame, mapDefined(compositeOf(frame), change));
}

function updateHistogram(frame: Frame, change: (value: HistogramValue) => HistogramValue): void {
  put(frame, mapDefined(histogramOf(frame), change));
}

function updateExponential(
  frame: Frame,
  change: (value: ExponentialHistogramValue) => ExponentialHistogramValue,
): void {
  put(frame, mapDefined(exponentialOf(frame), change));
}

function mapDefined<T, U>(value: T | undefined, change: (value: T) => U): U | undefined {
  return value === undefined ? undefined : change(value);
}

/** @throws EvaluationError */
function count(value: unknown): number | bigint {
  if (typeof value !== "bigint" || value < 0n) throw new EvaluationError("counts must be integers from 0 up");
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

function counts(value: unknown): (number | bigint)[] {
  return (value as readonly unknown[]).map(count);
}

/** @throws EvaluationError */
function numbers(value: unknown): number[] {
  return (value as readonly unknown[]).map((item) => {
    if (typeof item === "number" || typeof item === "bigint") return Number(item);
    throw new EvaluationError("explicit bounds must be numbers");
  });
}
