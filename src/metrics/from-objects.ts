import { Column, type PointExtras, PRESENT, Presence, STALE } from "./column.ts";
import type { HistogramSlots, Layout, MetricLayout, SummarySlots } from "./layout.ts";
import { hrTimeToNs } from "./time.ts";
import {
  type Count,
  type DataPoint,
  DataPointType,
  type ExponentialHistogramValue,
  type HistogramValue,
  type HrTime,
  type Metric,
  type MetricsBatch,
  NO_RECORDED_VALUE,
  type SummaryValue,
} from "./types.ts";
import { originOf, type ViewOrigin } from "./view.ts";

/** Takes plain objects into a layout and a column. Lossless: what a number cannot hold goes into the column's extras. */
export function toColumns(batch: MetricsBatch): { layout: Layout; column: Column } {
  return ofViews(batch) ?? ofPoints(batch);
}

/** What processors hand on that change resources and scopes only: the metrics are those of a view, each once. */
function ofViews(batch: MetricsBatch): { layout: Layout; column: Column } | undefined {
  let source: ViewOrigin | undefined;
  const seen = new Set<Metric>();
  for (const { scopeMetrics } of batch) {
    for (const { metrics } of scopeMetrics) {
      for (const metric of metrics) {
        const origin = originOf(metric);
        source ??= origin;
        if (origin === undefined || origin.column !== source?.column || seen.has(metric)) return undefined;
        seen.add(metric);
      }
    }
  }
  if (source === undefined) return undefined;
  const resources = batch.map(({ resource, scopeMetrics }) => ({
    resource,
    scopes: scopeMetrics.map(({ scope, metrics }) => ({
      scope,
      metrics: metrics.map((metric) => (originOf(metric) as ViewOrigin).metric),
    })),
  }));
  return { layout: { resources, width: source.layout.width }, column: source.column };
}

function ofPoints(batch: MetricsBatch): { layout: Layout; column: Column } {
  const writer = new ColumnWriter();
  const resources = batch.map(({ resource, scopeMetrics }) => ({
    resource,
    scopes: scopeMetrics.map(({ scope, metrics }) => ({
      scope,
      metrics: metrics.map((m) => metricLayout(m, writer)),
    })),
  }));
  return { layout: { resources, width: writer.width }, column: writer.finish() };
}

function metricLayout(metric: Metric, writer: ColumnWriter): MetricLayout {
  const base = {
    descriptor: metric.descriptor,
    aggregationTemporality: metric.aggregationTemporality,
    isMonotonic: metric.dataPointType === DataPointType.SUM && metric.isMonotonic,
    ...(metric.metadata && { metadata: metric.metadata }),
    attributes: metric.dataPoints.map(({ attributes }) => attributes),
  };
  switch (metric.dataPointType) {
    case DataPointType.GAUGE:
    case DataPointType.SUM:
      return {
        ...base,
        dataPointType: metric.dataPointType,
        slots: Uint32Array.from(metric.dataPoints, (point) => writer.number(point)),
      };
    case DataPointType.HISTOGRAM:
      return {
        ...base,
        dataPointType: metric.dataPointType,
        series: metric.dataPoints.map((point) => writer.histogram(point)),
      };
    case DataPointType.SUMMARY:
      return {
        ...base,
        dataPointType: metric.dataPointType,
        series: metric.dataPoints.map((point) => writer.summary(point)),
      };
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      return {
        ...base,
        dataPointType: metric.dataPointType,
        slots: Uint32Array.from(metric.dataPoints, (point) => writer.exponential(point)),
      };
  }
}

/** Appends points slot by slot. */
class ColumnWriter {
  readonly #values: number[] = [];
  readonly #states: number[] = [];
  readonly #times = new TimeWriter();
  readonly #startTimes = new TimeWriter();
  readonly #extras = new Map<number, PointExtras>();

  get width(): number {
    return this.#values.length;
  }

  number(point: DataPoint<number | bigint>): number {
    const { value } = point;
    return this.#point(point, Number(value), typeof value === "bigint" ? { integer: value } : NOTHING);
  }

  histogram(point: DataPoint<HistogramValue>): HistogramSlots {
    const { count, sum, buckets, min, max } = point.value;
    const exact = !isCumulable(point.value);
    const slot = this.#point(point, Number(count), {
      ...(min !== undefined && { min }),
      ...(max !== undefined && { max }),
      ...(exact && { exactCounts: { count, buckets: buckets.counts } }),
    });
    let below = 0;
    const bucketSlots = buckets.boundaries.map((_, i) => {
      below += Number(buckets.counts[i] as Count);
      return this.#slot(below, PRESENT);
    });
    return {
      count: slot,
      sum: sum === undefined ? -1 : this.#slot(sum, PRESENT),
      buckets: Uint32Array.from(bucketSlots),
      bounds: buckets.boundaries,
    };
  }

  summary(point: DataPoint<SummaryValue>): SummarySlots {
    const { count, sum, quantiles } = point.value;
    const slot = this.#point(point, Number(count), {
      ...(typeof count === "bigint" && { exactCounts: { count, buckets: [] } }),
    });
    return {
      count: slot,
      sum: this.#slot(sum, PRESENT),
      values: Uint32Array.from(quantiles, ({ value }) => this.#slot(value, PRESENT)),
      quantiles: quantiles.map(({ quantile }) => quantile),
    };
  }

  exponential(point: DataPoint<ExponentialHistogramValue>): number {
    return this.#point(point, Number(point.value.count), { exponential: point.value });
  }

  finish(): Column {
    const time = this.#times.finish(this.width);
    const start = this.#startTimes.finish(this.width);
    return new Column({
      values: Float64Array.from(this.#values),
      presence: this.#states.includes(STALE) ? new Presence(Uint8Array.from(this.#states)) : Presence.ALL,
      timeNs: time.shared,
      startNs: start.shared,
      times: time.own,
      startTimes: start.own,
      extras: this.#extras.size > 0 ? this.#extras : undefined,
    });
  }

  #slot(value: number, state: typeof PRESENT | typeof STALE): number {
    this.#states.push(state);
    return this.#values.push(value) - 1;
  }

  #point(point: DataPoint<unknown>, value: number, more: PointExtras): number {
    const flags = point.flags ?? 0;
    const stale = (flags & NO_RECORDED_VALUE) !== 0;
    const slot = this.#slot(value, stale ? STALE : PRESENT);
    this.#times.add(slot, point.endTime);
    this.#startTimes.add(slot, point.startTime);
    if (more === NOTHING && (flags & ~NO_RECORDED_VALUE) === 0) {
      const { exemplars, valueType } = point;
      if (valueType === undefined && (exemplars === undefined || exemplars.length === 0)) return slot;
    }
    const extras: PointExtras = {
      ...more,
      ...((flags & ~NO_RECORDED_VALUE) !== 0 && { flags: flags & ~NO_RECORDED_VALUE }),
      ...(point.exemplars && point.exemplars.length > 0 && { exemplars: point.exemplars }),
      ...(point.valueType !== undefined && { valueType: point.valueType }),
    };
    if (Object.keys(extras).length > 0) this.#extras.set(slot, extras);
    return slot;
  }
}

const NOTHING: PointExtras = Object.freeze({});

/** Times by slot; one for all while all are the same, as they mostly are. */
class TimeWriter {
  #shared: bigint | undefined;
  #own: bigint[] | undefined;
  /** Points of one batch often share the object. */
  #last: HrTime | undefined;
  #lastNs = 0n;

  add(slot: number, time: HrTime): void {
    if (time !== this.#last) {
      this.#last = time;
      this.#lastNs = hrTimeToNs(time);
    }
    const ns = this.#lastNs;
    this.#shared ??= ns;
    if (this.#own === undefined) {
      if (ns === this.#shared) return;
      // What lies between the slots of points belongs to none: it does not matter what is there.
      this.#own = new Array<bigint>(slot).fill(this.#shared);
    }
    this.#own[slot] = ns;
  }

  finish(width: number): { readonly shared: bigint; readonly own: BigUint64Array | undefined } {
    const own = this.#own;
    if (own === undefined) return { shared: this.#shared ?? 0n, own };
    return { shared: 0n, own: BigUint64Array.from({ length: width }, (_, i) => own[i] ?? 0n) };
  }
}

/**
 * Whether cumulative doubles give the same counts back. They do not where "no buckets" is written as no counts at all,
 * where counts do not add up, and beyond 2^53.
 */
function isCumulable({ count, buckets: { counts } }: HistogramValue): boolean {
  if (counts.length === 0 || typeof count === "bigint") return false;
  let total = 0;
  for (const inBucket of counts) {
    if (typeof inBucket === "bigint") return false;
    total += inBucket;
  }
  return total === count && Number.isSafeInteger(total);
}
