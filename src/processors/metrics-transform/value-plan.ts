import {
  ABSENT,
  type Attributes,
  type ColumnBuffers,
  DataPointType,
  type HistogramMetricLayout,
  type MetricLayout,
  memoise,
  PRESENT,
  pointSlot,
  STALE,
  type SummaryMetricLayout,
  ValueType,
} from "../../metrics/index.ts";
import { copyPoints, pickPoints, ScaleSlots, type SlotOperation, SlotProgram } from "../../reshape/index.ts";
import { seriesKey } from "../../temporality/index.ts";
import type { Aggregation } from "./config.ts";
import { ConvertSlots } from "./convert-slots.ts";
import { MergeDetails } from "./merge-details.ts";
import { type AddUp, haveSameParts, mergeSeries, type Series } from "./merge-series.ts";
import { MergeSlots, slotGroups } from "./merge-slots.ts";
import type { PointStates } from "./point-states.ts";

/** What is to be done to the values of a layout, noted down while its metrics are transformed. */
export class ValuePlan {
  readonly #sourceWidth: number;
  readonly #operations: SlotOperation[] = [];
  readonly #states: PointStates;
  readonly #timeOf: ((slot: number) => bigint) | undefined;
  #width: number;

  /**
   * @param states asked where the layout of the result depends on which points are there
   * @param timeOf keeps points of different times apart where they would become one
   */
  constructor(sourceWidth: number, states: PointStates, timeOf?: (slot: number) => bigint) {
    this.#sourceWidth = sourceWidth;
    this.#width = sourceWidth;
    this.#states = states;
    this.#timeOf = timeOf;
  }

  get width(): number {
    return this.#width;
  }

  /** Undefined when values stay as they are. */
  program(buffers: ColumnBuffers): SlotProgram | undefined {
    if (this.#operations.length === 0) return undefined;
    const { width } = this;
    return new SlotProgram({ sourceWidth: this.#sourceWidth, width, operations: this.#operations, buffers });
  }

  /** Whether any point of the metric, or of those that `which` chooses, is in the batch. */
  hasPoints(metric: MetricLayout, which?: (attributes: Attributes) => boolean): boolean {
    return metric.attributes.some(
      (own, i) => (which === undefined || which(own)) && this.#stateOf(metric, i) !== ABSENT,
    );
  }

  copy(source: MetricLayout): MetricLayout {
    const { metric, operation } = copyPoints(source, () => this.#width++);
    for (let i = 0; i < metric.attributes.length; i++) {
      this.#states.made(pointSlot(metric, i), [pointSlot(source, i)]);
    }
    this.#operations.push(operation);
    return metric;
  }

  /** Histograms of values that change their sign have no buckets to put them in: they stay as they are. */
  scale(metric: MetricLayout, factor: number): MetricLayout {
    switch (metric.dataPointType) {
      case DataPointType.GAUGE:
      case DataPointType.SUM: {
        const integers = metric.descriptor.valueType === ValueType.INT;
        this.#operations.push(new ScaleSlots(metric.slots, factor, { integers }));
        return metric;
      }
      case DataPointType.SUMMARY: {
        const slots = metric.series.flatMap(({ sum, values }) => [...(sum < 0 ? [] : [sum]), ...values]);
        this.#operations.push(new ScaleSlots(slots, factor, { points: [] }));
        return metric;
      }
      case DataPointType.HISTOGRAM: {
        if (factor <= 0) return metric;
        const sums = metric.series.map(({ sum }) => sum).filter((slot) => slot >= 0);
        const points = metric.series.map(({ count }) => count);
        this.#operations.push(new ScaleSlots(sums, factor, { points }));
        const scaled = memoise((bounds: readonly number[]) => bounds.map((bound) => bound * factor));
        return { ...metric, series: metric.series.map((s) => ({ ...s, bounds: scaled(s.bounds) })) };
      }
      case DataPointType.EXPONENTIAL_HISTOGRAM:
        if (factor > 0) this.#operations.push(new ScaleSlots([], factor, { points: metric.slots }));
        return metric;
    }
  }

  /** Integers become doubles, and doubles integers without their fractions. */
  toggleType(metric: MetricLayout): MetricLayout {
    if (metric.dataPointType !== DataPointType.GAUGE && metric.dataPointType !== DataPointType.SUM)
      return metric;
    const valueType = metric.descriptor.valueType === ValueType.INT ? ValueType.DOUBLE : ValueType.INT;
    this.#operations.push(new ConvertSlots(metric.slots, valueType));
    return { ...metric, descriptor: { ...metric.descriptor, valueType } };
  }

  /**
   * Merges points whose attributes are equal. The result has the order of the first of each.
   * @param attributes those of the points from now on
   */
  merge(metric: MetricLayout, attributes: readonly Attributes[], aggregation: Aggregation): MetricLayout {
    const groups = new Map<string, number[]>();
    for (const [i, own] of attributes.entries()) {
      const time = this.#timeOf === undefined ? "" : `${this.#timeOf(pointSlot(metric, i))} `;
      const key = time + seriesKey(own);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [i]);
      else group.push(i);
    }
    const isNumber =
      metric.dataPointType === DataPointType.GAUGE || metric.dataPointType === DataPointType.SUM;
    const how = isNumber ? aggregation : "sum";
    const members = [...groups.values()];
    const firsts = members.map((group) => group[0] as number);
    const merged = members
      .map((group, index) => ({ index, group }))
      .filter(({ group }) => group.length > 1 || how === "count");
    const result = pickPoints(
      metric,
      firsts,
      firsts.map((i) => attributes[i] as Attributes),
    );
    if (merged.length === 0) return result;
    if ("slots" in result) return this.#mergeSlots(metric, result, merged, how);
    return this.#mergeSeries(metric as HistogramMetricLayout | SummaryMetricLayout, result, merged);
  }

  #mergeSlots(
    source: MetricLayout,
    target: MetricLayout & { readonly slots: Uint32Array },
    merged: readonly Merged[],
    aggregation: Aggregation,
  ): MetricLayout {
    const slots = target.slots.slice();
    const groups = slotGroups(
      merged.map(({ index, group }) => {
        const to = this.#width++;
        const members = group.map((i) => pointSlot(source, i));
        slots[index] = to;
        this.#states.made(to, members);
        return { to, members };
      }),
    );
    this.#operations.push(
      new MergeSlots(groups, groups.members, aggregation),
      new MergeDetails(groups, aggregation),
    );
    const isFraction = aggregation === "mean" || aggregation === "median";
    const descriptor =
      isFraction && this.#calculates(source, merged)
        ? { ...target.descriptor, valueType: ValueType.DOUBLE }
        : target.descriptor;
    return { ...target, descriptor, slots } as MetricLayout;
  }

  /** Whether there is anything to calculate for a group: a point that is alone stays as it is, an integer too. */
  #calculates(source: MetricLayout, merged: readonly Merged[]): boolean {
    if (source.descriptor.valueType === ValueType.DOUBLE) return true;
    return merged.some(({ group }) => this.#counting(source, group).length > 1);
  }

  #mergeSeries(
    source: HistogramMetricLayout | SummaryMetricLayout,
    target: HistogramMetricLayout | SummaryMetricLayout,
    merged: readonly Merged[],
  ): MetricLayout {
    const series: Series[] = [...target.series];
    const points: Group[] = [];
    const parts: (Group & { readonly points: readonly number[] })[] = [];
    const addUp: AddUp = (all, slotOf) => {
      const to = this.#width++;
      parts.push({ to, members: all.map(slotOf), points: all.map(({ count }) => count) });
      return to;
    };
    for (const { index, group } of merged) {
      const all = seriesOf(source, group);
      const counting = haveSameParts(all) ? all : seriesOf(source, this.#counting(source, group));
      const one = mergeSeries(counting, addUp);
      series[index] = one;
      if (counting.length === 1) continue;
      const members = counting.map(({ count }) => count);
      points.push({ to: one.count, members });
      this.#states.made(one.count, members);
    }
    if (points.length === 0) return { ...target, series } as MetricLayout;
    const memberPoints = Uint32Array.from(parts.flatMap((part) => part.points));
    this.#operations.push(
      new MergeSlots(slotGroups(parts), memberPoints, "sum"),
      new MergeDetails(slotGroups(points), "sum"),
    );
    return { ...target, series } as MetricLayout;
  }

  #stateOf(metric: MetricLayout, index: number): number {
    return this.#states.of(pointSlot(metric, index));
  }

  /** Points (by index) that say what the group becomes: those that go on; if none does, those that end; else all. */
  #counting(metric: MetricLayout, group: readonly number[]): readonly number[] {
    const states = group.map((i) => this.#stateOf(metric, i));
    const counts = [PRESENT, STALE].find((state) => states.includes(state)) ?? ABSENT;
    return group.filter((_, k) => states[k] === counts);
  }
}

interface Group {
  readonly to: number;
  readonly members: readonly number[];
}

/** Points (by index) that become the one at `index`. */
interface Merged {
  readonly index: number;
  readonly group: readonly number[];
}

function seriesOf(
  metric: HistogramMetricLayout | SummaryMetricLayout,
  group: readonly number[],
): readonly [Series, ...Series[]] {
  const all: Series[] = group.map((i) => metric.series[i] as Series);
  return all as [Series, ...Series[]];
}
