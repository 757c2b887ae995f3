import {
  AggregationTemporality,
  type Column,
  type ColumnBuffers,
  DataPointType,
  type Layout,
  type MetricLayout,
  type PointExtras,
  PRESENT,
  ValueType,
  wordsOf,
} from "../../metrics/index.ts";
import { mapLayout } from "../../reshape/index.ts";
import { PresenceKeeper } from "../../temporality/index.ts";

/** What is done to batches of one layout. */
export interface RatePlan {
  readonly layout: Layout;
  /** Slots of the deltas. */
  readonly slots: Uint32Array;
  /** Names of chosen metrics that are no delta sums. */
  readonly misfits: readonly string[];
}

export function planRates(layout: Layout, names: ReadonlySet<string>): RatePlan {
  const slots: number[] = [];
  const misfits = new Set<string>();
  const result = mapLayout(layout, {
    metric: (metric): MetricLayout => {
      if (!names.has(metric.descriptor.name)) return metric;
      const { dataPointType, aggregationTemporality } = metric;
      if (dataPointType !== DataPointType.SUM || aggregationTemporality !== AggregationTemporality.DELTA) {
        misfits.add(metric.descriptor.name);
        return metric;
      }
      const { unit } = metric.descriptor;
      for (const slot of metric.slots) slots.push(slot);
      return {
        ...metric,
        dataPointType: DataPointType.GAUGE,
        aggregationTemporality: AggregationTemporality.UNSPECIFIED,
        isMonotonic: false,
        descriptor: { ...metric.descriptor, unit: unit && `${unit}/s`, valueType: ValueType.DOUBLE },
      };
    },
  });
  return { layout: result, slots: Uint32Array.from(slots), misfits: [...misfits] };
}

/** Divides deltas by the seconds that they took. */
export class RateColumns {
  readonly #buffers: ColumnBuffers;
  readonly #keeper = new PresenceKeeper();

  constructor(buffers: ColumnBuffers) {
    this.#buffers = buffers;
  }

  /** @returns the rates, and how many deltas have none since nobody knows how long they took */
  run({ layout, slots }: RatePlan, column: Column): { readonly rates: Column; readonly dropped: number } {
    const { width } = layout;
    const values = this.#buffers.takeValues(width);
    values.set(column.values.subarray(0, width));
    this.#keeper.begin(column.presence, width);
    const ownTimes = column.times && wordsOf(column.times);
    const ownStarts = column.startTimes && wordsOf(column.startTimes);
    const shared = secondsBetween(column.startNs, column.timeNs);
    const { states } = column.presence;
    let dropped = 0;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as number;
      if (states !== undefined && states[slot] !== PRESENT) continue;
      const isShared = isNone(ownTimes, slot) && isNone(ownStarts, slot);
      const seconds = isShared ? shared : secondsBetween(column.startAt(slot), column.timeAt(slot));
      if (seconds > 0) values[slot] = (values[slot] as number) / seconds;
      else {
        dropped++;
        this.#keeper.remove(slot);
      }
    }
    const extras = column.extras && withoutIntegers(column.extras, slots);
    return { rates: column.with({ values, presence: this.#keeper.end(), extras }), dropped };
  }

  release(result: Column): void {
    if (!result.retained) this.#buffers.recycle(result.values);
  }
}

/** Whether a point has no time of its own. */
function isNone(ownTimes: Uint32Array | undefined, slot: number): boolean {
  return ownTimes === undefined || (ownTimes[2 * slot] === 0 && ownTimes[2 * slot + 1] === 0);
}

/** 0 when the start is not known. */
function secondsBetween(startNs: bigint, timeNs: bigint): number {
  return startNs === 0n ? 0 : Number(timeNs - startNs) / 1e9;
}

/** A rate is no integer. Exemplars stay: they are single observations. */
function withoutIntegers(
  extras: ReadonlyMap<number, PointExtras>,
  slots: Uint32Array,
): Map<number, PointExtras> {
  const result = new Map(extras);
  for (const slot of slots) {
    const more = extras.get(slot);
    if (more === undefined) continue;
    const { integer: _, valueType: __, ...kept } = more;
    result.set(slot, kept);
  }
  return result;
}
