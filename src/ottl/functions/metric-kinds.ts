import {
  AggregationTemporality,
  type Attributes,
  DataPointType,
  type ExponentialHistogramValue,
  type HistogramValue,
  type SummaryValue,
  ValueType,
} from "../../metrics/index.ts";
import { type Frame, isStale, type MetricDraft, type PointData, type PointDraft } from "../context/draft.ts";
import {
  bool,
  defineFunction,
  type FunctionDefinition,
  floatLike,
  literal,
  optional,
  string,
} from "./parameter.ts";
import { percentile } from "./percentile.ts";

/** @throws Error */
function temporalityOf(text: string): AggregationTemporality {
  if (text === "delta") return AggregationTemporality.DELTA;
  if (text === "cumulative") return AggregationTemporality.CUMULATIVE;
  throw new Error(`aggregation_temporality must be "cumulative" or "delta", got ${JSON.stringify(text)}`);
}

const convertSumToGauge = defineFunction({
  name: "convert_sum_to_gauge",
  parameters: {},
  returns: "nil",
  contexts: ["metric"],
  effects: { writes: ["metric"] },
  build:
    () =>
    ({ metric }) => {
      if (metric.dataPointType !== DataPointType.SUM) return;
      metric.dataPointType = DataPointType.GAUGE;
      metric.aggregationTemporality = AggregationTemporality.CUMULATIVE;
      metric.isMonotonic = false;
    },
});

const convertGaugeToSum = defineFunction({
  name: "convert_gauge_to_sum",
  parameters: { aggregation_temporality: literal(string()), is_monotonic: literal(bool()) },
  returns: "nil",
  contexts: ["metric"],
  effects: { writes: ["metric"] },
  build({ aggregation_temporality, is_monotonic }) {
    const temporality = temporalityOf(aggregation_temporality);
    return ({ metric }) => {
      if (metric.dataPointType !== DataPointType.GAUGE) return;
      metric.dataPointType = DataPointType.SUM;
      metric.aggregationTemporality = temporality;
      metric.isMonotonic = is_monotonic;
    };
  },
});

/** A metric beside the current one; later statements see it too. */
function addMetric(
  { scope, metric }: Frame,
  changes: Partial<MetricDraft> & { readonly suffix?: string },
): MetricDraft {
  const { suffix = "", ...rest } = changes;
  const added: MetricDraft = {
    ...metric,
    descriptor: { ...metric.descriptor, name: metric.descriptor.name + suffix },
    ...rest,
  };
  scope.metrics.push(added);
  return added;
}

const copyMetric = defineFunction({
  name: "copy_metric",
  parameters: { name: optional(string()), description: optional(string()), unit: optional(string()) },
  returns: "nil",
  contexts: ["metric"],
  effects: { addsMetrics: true },
  build:
    ({ name, description, unit }) =>
    (frame) => {
      const { metric } = frame;
      addMetric(frame, {
        descriptor: {
          ...metric.descriptor,
          ...(name && { name: name.get(frame) }),
          ...(description && { description: description.get(frame) }),
          ...(unit && { unit: unit.get(frame) }),
        },
        points: metric.points.map((point) => ({ ...point })),
      });
    },
});

type Composite = HistogramValue | ExponentialHistogramValue | SummaryValue;

/** A number made of a point. Where the point's series has ended, that of the number ends too. */
function numberOf(
  attributes: Attributes,
  source: PointData,
  value: number | bigint | undefined,
): PointDraft | undefined {
  const stale = isStale(source);
  if (value === undefined && !stale) return undefined;
  const { startTime, endTime, flags } = source;
  return {
    attributes,
    data: { startTime, endTime, value: stale ? Number.NaN : (value as number), ...(flags && { flags }) },
    origin: undefined,
  };
}

/** The count or the sum of a point as a point of its own; undefined where there is no sum. */
function partOf({ attributes, data }: PointDraft, part: "count" | "sum"): PointDraft | undefined {
  const source = data as PointData;
  return numberOf(attributes, source, (source.value as Composite)[part]);
}

const composites: ReadonlySet<DataPointType> = new Set([
  DataPointType.HISTOGRAM,
  DataPointType.EXPONENTIAL_HISTOGRAM,
  DataPointType.SUMMARY,
]);

function extract(name: string, part: "count" | "sum"): FunctionDefinition {
  return defineFunction({
    name,
    parameters: { is_monotonic: literal(bool()), suffix: optional(literal(string())) },
    returns: "nil",
    contexts: ["metric"],
    effects: { addsMetrics: true, readsPoints: true },
    build:
      ({ is_monotonic, suffix = `_${part}` }) =>
      (frame) => {
        const { metric } = frame;
        if (!composites.has(metric.dataPointType)) return;
        const points = metric.points
          .map((point) => partOf(point, part))
          .filter((point) => point !== undefined);
        if (points.length > 0) addMetric(frame, { ...sumOf(metric, part, suffix, is_monotonic), points });
      },
  });
}

/** Of points with a sum and at least one event. */
const extractAverage = defineFunction({
  name: "extract_avg_metric",
  parameters: { suffix: optional(literal(string())) },
  returns: "nil",
  contexts: ["metric"],
  effects: { addsMetrics: true, readsPoints: true },
  build:
    ({ suffix = "_avg" }) =>
    (frame) => {
      const { metric } = frame;
      if (!composites.has(metric.dataPointType)) return;
      const points = metric.points.flatMap((point): PointDraft[] => {
        const { count, sum } = (point.data as PointData).value as Composite;
        const part = partOf(point, "sum");
        if (part?.data === undefined || sum === undefined || Number(count) === 0) return [];
        return [{ ...part, data: { ...part.data, value: sum / Number(count) } }];
      });
      if (points.length === 0) return;
      addMetric(frame, {
        descriptor: {
          ...metric.descriptor,
          name: metric.descriptor.name + suffix,
          valueType: ValueType.DOUBLE,
        },
        dataPointType: DataPointType.GAUGE,
        aggregationTemporality: AggregationTemporality.CUMULATIVE,
        isMonotonic: false,
        metadata: undefined,
        points,
      });
    },
});

function sumOf(
  metric: MetricDraft,
  part: "count" | "sum",
  suffix: string,
  isMonotonic: boolean,
): Partial<MetricDraft> {
  return {
    descriptor: {
      ...metric.descriptor,
      name: metric.descriptor.name + suffix,
      // A count is a number of events, whatever the events measure.
      unit: part === "count" ? "1" : metric.descriptor.unit,
      valueType: part === "count" ? ValueType.INT : ValueType.DOUBLE,
    },
    dataPointType: DataPointType.SUM,
    aggregationTemporality:
      metric.dataPointType === DataPointType.SUMMARY
        ? AggregationTemporality.CUMULATIVE
        : metric.aggregationTemporality,
    isMonotonic,
    metadata: undefined,
  };
}

/** In the datapoint context, so each point comes by itself: one new metric takes all of them. */
function convertSummary(name: string, part: "count" | "sum"): FunctionDefinition {
  return defineFunction({
    name,
    parameters: {
      aggregation_temporality: literal(string()),
      is_monotonic: literal(bool()),
      suffix: optional(literal(string())),
    },
    returns: "nil",
    contexts: ["datapoint"],
    effects: { addsMetrics: true, readsPoints: true },
    build({ aggregation_temporality, is_monotonic, suffix = `_${part}` }) {
      const aggregationTemporality = temporalityOf(aggregation_temporality);
      const key = {};
      return (frame) => {
        const { metric, point } = frame;
        if (metric.dataPointType !== DataPointType.SUMMARY) return;
        const made = frame.made.get(key) ?? new Map<MetricDraft, MetricDraft>();
        frame.made.set(key, made);
        let sum = made.get(metric);
        if (sum === undefined) {
          const unit = metric.descriptor.unit;
          const base = sumOf(metric, part, suffix, is_monotonic);
          const descriptor = { ...(base.descriptor ?? metric.descriptor), unit };
          sum = addMetric(frame, { ...base, descriptor, aggregationTemporality, points: [] });
          made.set(metric, sum);
        }
        const added = partOf(point, part);
        if (added !== undefined) sum.points.push(added);
      };
    },
  });
}

const convertQuantiles = defineFunction({
  name: "convert_summary_quantile_val_to_gauge",
  parameters: { attribute_key: optional(literal(string())), suffix: optional(literal(string())) },
  returns: "nil",
  contexts: ["metric"],
  effects: { addsMetrics: true, readsPoints: true },
  build:
    ({ attribute_key: key = "quantile", suffix = ".quantiles" }) =>
    (frame) => {
      const { metric } = frame;
      if (metric.dataPointType !== DataPointType.SUMMARY) return;
      const points = metric.points.flatMap(({ attributes, data }): PointDraft[] => {
        const source = data as PointData;
        return (source.value as SummaryValue).quantiles
          .map(({ quantile, value: at }) => numberOf({ ...attributes, [key]: quantile }, source, at))
          .filter((point) => point !== undefined);
      });
      addMetric(frame, {
        suffix,
        dataPointType: DataPointType.GAUGE,
        aggregationTemporality: AggregationTemporality.CUMULATIVE,
        isMonotonic: false,
        metadata: undefined,
        points,
      });
    },
});

const extractPercentile = defineFunction({
  name: "extract_percentile_metric",
  parameters: { percentile: literal(floatLike()), suffix: optional(literal(string())) },
  returns: "nil",
  contexts: ["metric"],
  effects: { addsMetrics: true, readsPoints: true },
  build({ percentile: percent, suffix }) {
    if (percent === undefined || !(percent > 0 && percent < 100)) {
      throw new Error(`percentile must be above 0 and below 100, got ${percent ?? "nil"}`);
    }
    return (frame) => {
      const { metric } = frame;
      const { dataPointType } = metric;
      if (dataPointType !== DataPointType.HISTOGRAM && dataPointType !== DataPointType.EXPONENTIAL_HISTOGRAM)
        return;
      const points = metric.points.flatMap(({ attributes, data }) => {
        const source = data as PointData;
        const value = percentile(source.value as HistogramValue | ExponentialHistogramValue, percent / 100);
        return numberOf(attributes, source, value) ?? [];
      });
      if (points.length === 0) return;
      const { name, description } = metric.descriptor;
      addMetric(frame, {
        descriptor: {
          ...metric.descriptor,
          name: name + (suffix ?? `_p${percent}`),
          description: description === "" ? `p${percent}` : `${description} (p${percent})`,
          valueType: ValueType.DOUBLE,
        },
        dataPointType: DataPointType.GAUGE,
        aggregationTemporality: AggregationTemporality.CUMULATIVE,
        isMonotonic: false,
        metadata: undefined,
        points,
      });
    };
  },
});

export const metricKindFunctions: readonly FunctionDefinition[] = [
  convertSumToGauge,
  convertGaugeToSum,
  copyMetric,
  extract("extract_count_metric", "count"),
  extract("extract_sum_metric", "sum"),
  extractAverage,
  convertSummary("convert_summary_count_val_to_sum", "count"),
  convertSummary("convert_summary_sum_val_to_sum", "sum"),
  convertQuantiles,
  extractPercentile,
];
