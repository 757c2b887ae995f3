import { type Column, PRESENT, STALE } from "./column.ts";
import {
  type HistogramMetricLayout,
  type HistogramSlots,
  type Layout,
  type MetricLayout,
  pointSlot,
  type ResourceLayout,
  type SummaryMetricLayout,
  type SummarySlots,
} from "./layout.ts";
import { nsToHrTime } from "./time.ts";
import {
  type DataPoint,
  DataPointType,
  type ExponentialHistogramValue,
  type HistogramValue,
  type Metric,
  type MetricsBatch,
  NO_RECORDED_VALUE,
  type ResourceMetrics,
  type ScopeMetrics,
  type SummaryValue,
} from "./types.ts";

/** What a metric of a public view was made of. */
export interface ViewOrigin {
  readonly metric: MetricLayout;
  readonly layout: Layout;
  readonly column: Column;
}

const origins = new WeakMap<Metric, ViewOrigin>();

/** Undefined for a metric that is not of a view, or a copy of one. */
export function originOf(metric: Metric): ViewOrigin | undefined {
  return origins.get(metric);
}

/**
 * The plain objects of a layout and a column. Lists are own, enumerable, lazy properties: `{ ...metric }` works as on
 * any plain object, and what nobody asks for is never made. Attributes objects are the layout's own, the same each time.
 * All is frozen down to the points: they are made of the column, so what was written to them would reach nobody.
 */
export function materialise(layout: Layout, column: Column): MetricsBatch {
  return Object.freeze(
    layout.resources
      .filter((resource) => hasPoints(resource, column))
      .map((r) => resourceView(r, layout, column)),
  );
}

function hasPoints({ scopes }: ResourceLayout, column: Column): boolean {
  return scopes.some(({ metrics }) => metrics.some((metric) => metricHasPoints(metric, column)));
}

function metricHasPoints(metric: MetricLayout, { presence }: Column): boolean {
  const size = metric.attributes.length;
  if (presence.states === undefined) return size > 0;
  for (let i = 0; i < size; i++) if (presence.at(pointSlot(metric, i)) !== 0) return true;
  return false;
}

function resourceView({ resource, scopes }: ResourceLayout, layout: Layout, column: Column): ResourceMetrics {
  let scopeMetrics: readonly ScopeMetrics[] | undefined;
  return Object.freeze({
    resource,
    get scopeMetrics() {
      scopeMetrics ??= Object.freeze(
        scopes
          .map(({ scope, metrics }) =>
            Object.freeze({ scope, metrics: metricViews(metrics, layout, column) }),
          )
          .filter(({ metrics }) => metrics.length > 0),
      );
      return scopeMetrics;
    },
  });
}

function metricViews(metrics: readonly MetricLayout[], layout: Layout, column: Column): readonly Metric[] {
  const present = metrics.filter((metric) => metricHasPoints(metric, column));
  return Object.freeze(
    present.map((metric) => {
      const view = metricView(metric, column);
      origins.set(view, { metric, layout, column });
      return view;
    }),
  );
}

function metricView(metric: MetricLayout, column: Column): Metric {
  let dataPoints: readonly DataPoint<unknown>[] | undefined;
  const view = {
    descriptor: metric.descriptor,
    aggregationTemporality: metric.aggregationTemporality,
    dataPointType: metric.dataPointType,
    ...(metric.dataPointType === DataPointType.SUM && { isMonotonic: metric.isMonotonic }),
    ...(metric.metadata && { metadata: metric.metadata }),
    get dataPoints() {
      dataPoints ??= points(metric, column);
      return dataPoints;
    },
  };
  return Object.freeze(view) as unknown as Metric;
}

function points(metric: MetricLayout, column: Column): readonly DataPoint<unknown>[] {
  const result: DataPoint<unknown>[] = [];
  const sharedTime = Object.freeze(nsToHrTime(column.timeNs));
  const sharedStart = Object.freeze(nsToHrTime(column.startNs));
  for (let i = 0; i < metric.attributes.length; i++) {
    const slot = pointSlot(metric, i);
    const state = column.presence.at(slot);
    if (state !== PRESENT && state !== STALE) continue;
    const extras = column.extras?.get(slot);
    const flags = (extras?.flags ?? 0) | (state === STALE ? NO_RECORDED_VALUE : 0);
    const point: DataPoint<unknown> = {
      startTime: column.startTimes?.[slot] ? nsToHrTime(column.startAt(slot)) : sharedStart,
      endTime: column.times?.[slot] ? nsToHrTime(column.timeAt(slot)) : sharedTime,
      attributes: metric.attributes[i] as (typeof metric.attributes)[number],
      value: pointValue(metric, i, column, state === STALE),
      ...(flags !== 0 && { flags }),
      ...(extras?.exemplars && { exemplars: extras.exemplars }),
      ...(extras?.valueType !== undefined && { valueType: extras.valueType }),
    };
    result.push(Object.freeze(point));
  }
  return Object.freeze(result);
}

function pointValue(metric: MetricLayout, index: number, column: Column, stale: boolean): unknown {
  switch (metric.dataPointType) {
    case DataPointType.GAUGE:
    case DataPointType.SUM: {
      if (stale) return Number.NaN;
      const slot = metric.slots[index] as number;
      return column.extras?.get(slot)?.integer ?? column.values[slot];
    }
    case DataPointType.HISTOGRAM:
      return histogramValue(metric, index, column, stale);
    case DataPointType.SUMMARY:
      return summaryValue(metric, index, column, stale);
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      return column.extras?.get(metric.slots[index] as number)?.exponential ?? EMPTY_EXPONENTIAL;
  }
}

const EMPTY_EXPONENTIAL: ExponentialHistogramValue = {
  count: 0,
  scale: 0,
  zeroCount: 0,
  positive: { offset: 0, bucketCounts: [] },
  negative: { offset: 0, bucketCounts: [] },
};

function histogramValue(
  metric: HistogramMetricLayout,
  index: number,
  { values, presence, extras }: Column,
  stale: boolean,
): HistogramValue {
  const slots = metric.series[index] as HistogramSlots;
  const { bounds, buckets } = slots;
  if (stale) {
    return {
      buckets: {
        boundaries: bounds,
        counts: bounds.length === 0 ? [] : new Array(bounds.length + 1).fill(0),
      },
      count: 0,
    };
  }
  const more = extras?.get(slots.count);
  const count = values[slots.count] as number;
  const counts: number[] = [];
  let below = 0;
  for (const slot of buckets) {
    const cumulative = values[slot] as number;
    counts.push(cumulative - below);
    below = cumulative;
  }
  counts.push(count - below);
  return {
    buckets: { boundaries: bounds, counts: more?.exactCounts?.buckets ?? counts },
    count: more?.exactCounts?.count ?? count,
    ...(slots.sum >= 0 && presence.at(slots.sum) === PRESENT && { sum: values[slots.sum] as number }),
    ...(more?.min !== undefined && { min: more.min }),
    ...(more?.max !== undefined && { max: more.max }),
  };
}

function summaryValue(
  metric: SummaryMetricLayout,
  index: number,
  { values, extras }: Column,
  stale: boolean,
): SummaryValue {
  const { count, sum, quantiles, values: slots } = metric.series[index] as SummarySlots;
  return {
    count: stale ? 0 : (extras?.get(count)?.exactCounts?.count ?? (values[count] as number)),
    sum: stale || sum < 0 ? 0 : (values[sum] as number),
    quantiles: quantiles.map((quantile, i) => ({
      quantile,
      value: stale ? 0 : (values[slots[i] as number] as number),
    })),
  };
}
