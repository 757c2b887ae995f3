import type {
  AggregationTemporality,
  Attributes,
  DataPointType,
  InstrumentationScope,
  MetricDescriptor,
  Resource,
} from "./types.ts";

/**
 * A layout is what repeats from scrape to scrape: resources, scopes, metrics and the attributes of every series. The
 * values of one scrape lie in a {@link Column}; a series says by *slot* where. Slots are in no particular order: a
 * processor that renames, filters or regroups makes a new layout whose series point at the same slots, and the column
 * travels on untouched.
 *
 *     layout                                        column.values
 *     resource ─ scope ─ metric "a" ─ {vm="1"} ──▶  [0] 1.5
 *                      │            └ {vm="2"} ──┐  [1] 7        (a series that this layout left out)
 *                      └ metric "b" ─ {vm="1"} ┐ └▶ [2] 2.5
 *                                              └──▶ [3] 9
 *
 * Layouts are immutable. Identity means equality for whoever memoises on it: a source hands out the same object while
 * its set of series stays the same, and a function of layouts returns the same result object for the same argument.
 */
export interface Layout {
  readonly resources: readonly ResourceLayout[];
  /** Columns for this layout have at least so many slots. */
  readonly width: number;
}

export interface ResourceLayout {
  readonly resource: Resource;
  readonly scopes: readonly ScopeLayout[];
}

export interface ScopeLayout {
  readonly scope: InstrumentationScope;
  readonly metrics: readonly MetricLayout[];
}

interface BaseMetricLayout {
  readonly descriptor: MetricDescriptor;
  readonly aggregationTemporality: AggregationTemporality;
  readonly isMonotonic: boolean;
  readonly metadata?: Attributes;
  /** One frozen, interned object a series: the same label set of one source is the same object, in all its metrics. */
  readonly attributes: readonly Attributes[];
}

/** Gauges and sums: one slot a series. */
export interface NumberMetricLayout extends BaseMetricLayout {
  readonly dataPointType: typeof DataPointType.GAUGE | typeof DataPointType.SUM;
  readonly slots: Uint32Array;
}

/** Where a histogram point lies. Buckets are cumulative counts as Prometheus has them; `count` stands for +Inf. */
export interface HistogramSlots {
  readonly count: number;
  /** -1: the source has no sum. */
  readonly sum: number;
  /** Slot of the cumulative count of each bound. */
  readonly buckets: Uint32Array;
  /** Finite upper bounds, ascending; interned. */
  readonly bounds: readonly number[];
}

export interface HistogramMetricLayout extends BaseMetricLayout {
  readonly dataPointType: typeof DataPointType.HISTOGRAM;
  readonly series: readonly HistogramSlots[];
}

export interface SummarySlots {
  readonly count: number;
  /** -1: the source has no sum; OTLP then says 0. */
  readonly sum: number;
  readonly values: Uint32Array;
  readonly quantiles: readonly number[];
}

export interface SummaryMetricLayout extends BaseMetricLayout {
  readonly dataPointType: typeof DataPointType.SUMMARY;
  readonly series: readonly SummarySlots[];
}

/** The slot holds the count; the rest of the point is in `column.extras` under that slot. */
export interface ExponentialHistogramMetricLayout extends BaseMetricLayout {
  readonly dataPointType: typeof DataPointType.EXPONENTIAL_HISTOGRAM;
  readonly slots: Uint32Array;
}

export type MetricLayout =
  | NumberMetricLayout
  | HistogramMetricLayout
  | SummaryMetricLayout
  | ExponentialHistogramMetricLayout;

/** The slot whose presence is the presence of point `index` of the metric. */
export function pointSlot(metric: MetricLayout, index: number): number {
  return "slots" in metric ? (metric.slots[index] as number) : (metric.series[index] as HistogramSlots).count;
}

/** Every metric of a layout in order, with its resource and scope. */
export function* metricsOf(
  layout: Layout,
): Generator<{ resource: Resource; scope: InstrumentationScope; metric: MetricLayout }> {
  for (const { resource, scopes } of layout.resources) {
    for (const { scope, metrics } of scopes) {
      for (const metric of metrics) yield { resource, scope, metric };
    }
  }
}

/** Remembers a function of one object by the object's identity, for as long as the object lives. */
export function memoise<Key extends object, Result>(compute: (key: Key) => Result): (key: Key) => Result {
  const results = new WeakMap<Key, { readonly result: Result }>();
  return (key) => {
    let entry = results.get(key);
    if (entry === undefined) {
      entry = { result: compute(key) };
      results.set(key, entry);
    }
    return entry.result;
  };
}
