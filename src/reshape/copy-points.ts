import type { HistogramSlots, MetricLayout, PointExtras, SummarySlots } from "../metrics/index.ts";
import type { SlotOperation } from "./slot-program.ts";

/** Fills slots with what others hold. */
export class CopySlots implements SlotOperation {
  readonly #from: Uint32Array;
  readonly #to: Uint32Array;

  constructor(from: readonly number[], to: readonly number[]) {
    this.#from = Uint32Array.from(from);
    this.#to = Uint32Array.from(to);
  }

  values(values: Float64Array): void {
    this.#copy(values);
  }

  states(states: Uint8Array): void {
    this.#copy(states);
  }

  times(times: BigUint64Array): void {
    this.#copy(times);
  }

  extras(extras: Map<number, PointExtras>): void {
    for (let i = 0; i < this.#from.length; i++) {
      const more = extras.get(this.#from[i] as number);
      if (more !== undefined) extras.set(this.#to[i] as number, more);
    }
  }

  #copy<Item>(items: { [index: number]: Item }): void {
    for (let i = 0; i < this.#from.length; i++) {
      items[this.#to[i] as number] = items[this.#from[i] as number] as Item;
    }
  }
}

/** The metric again over slots of its own, and what fills them. `allocate` gives a new slot. */
export function copyPoints(
  metric: MetricLayout,
  allocate: () => number,
): { readonly metric: MetricLayout; readonly operation: SlotOperation } {
  const from: number[] = [];
  const to: number[] = [];
  const copy = (slot: number): number => {
    if (slot < 0) return slot;
    from.push(slot);
    return to[to.push(allocate()) - 1] as number;
  };
  const copied = mapSlots(metric, copy);
  return { metric: copied, operation: new CopySlots(from, to) };
}

function mapSlots(metric: MetricLayout, map: (slot: number) => number): MetricLayout {
  if ("slots" in metric) return { ...metric, slots: metric.slots.map(map) };
  const series = metric.series.map((slots: HistogramSlots | SummarySlots) => ({
    ...slots,
    count: map(slots.count),
    sum: map(slots.sum),
    ...("buckets" in slots ? { buckets: slots.buckets.map(map) } : { values: slots.values.map(map) }),
  }));
  return { ...metric, series } as MetricLayout;
}
