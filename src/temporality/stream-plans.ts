import type { HistogramSlots } from "../metrics/index.ts";
import { NO_STREAM, type StreamTable } from "./stream-table.ts";
import { type LayoutStreams, metricsOfStreams, type NumberStreams } from "./streams.ts";

/** The streams of a layout by their numbers in the table. */
export interface StreamPlan {
  /** Numbers whose stream has this one slot only. */
  readonly single: NumbersPlan;
  /** Numbers whose stream has several slots, in the order of the layout. */
  readonly shared: NumbersPlan;
  readonly whole: readonly WholePlan[];
  readonly split: readonly SplitPlan[];
  readonly exponentials: NumbersPlan;
  /** By slot: 1 where a stream is. */
  readonly mask: Uint8Array;
  /** Slots that belong to no stream. */
  readonly rest: Uint32Array;
  readonly metrics: ReadonlySet<string>;
  readonly generation: number;
  /** Time of the last batch with this layout; 0: none yet. */
  previousNs: bigint;
}

export interface NumbersPlan {
  readonly slots: Uint32Array;
  readonly ids: Uint32Array;
}

/** A histogram that is one point. Its cells: count, sum, and one for each bucket. */
export interface WholePlan {
  readonly slots: HistogramSlots;
  readonly id: number;
  readonly cells: number;
}

/** A histogram whose parts are points. */
export interface SplitPlan {
  /** The slots of the buckets in ascending order, the count, and the sum if there is one; and their streams. */
  readonly slots: Uint32Array;
  readonly ids: Uint32Array;
  readonly buckets: number;
}

/** Looks streams up once for each layout, and again after the table has given numbers to others. */
export class StreamPlans {
  readonly #table: StreamTable;
  /** Cells for each value: an operation may keep more of it than the last one. */
  readonly #copies: number;
  readonly #plans = new WeakMap<LayoutStreams, StreamPlan>();

  constructor(table: StreamTable, copies: number) {
    this.#table = table;
    this.#copies = copies;
  }

  of(streams: LayoutStreams): StreamPlan {
    let plan = this.#plans.get(streams);
    if (plan === undefined || plan.generation !== this.#table.generation) {
      plan = this.#resolve(streams, plan?.previousNs ?? 0n);
      this.#plans.set(streams, plan);
    }
    return plan;
  }

  #resolve(streams: LayoutStreams, previousNs: bigint): StreamPlan {
    // Looking up may itself make numbers void: the plan is then no longer good after this batch.
    const { generation } = this.#table;
    const numbers = this.#numbers(streams.numbers);
    const whole: WholePlan[] = [];
    const split: SplitPlan[] = [];
    for (const { metric, series, histograms, whole: isWhole } of streams.histograms) {
      const known = this.#table.metric(metric);
      histograms.forEach((slots, i) => {
        if (isWhole) whole.push(this.#whole(known, series[i] as string, slots));
        else split.push(this.#split(known, series[i] as string, slots));
      });
    }
    const exponentials = this.#numbers(streams.exponentials, "exponential");
    const mask = new Uint8Array(streams.width);
    for (const slot of numbers.slots) mask[slot] = 1;
    for (const slot of exponentials.slots) mask[slot] = 1;
    for (const { slots } of whole) mask[slots.count] = 1;
    for (const { slots } of split) for (const slot of slots) mask[slot] = 1;
    return {
      ...divide(numbers),
      whole,
      split,
      exponentials,
      mask,
      rest: restOf(mask, whole),
      metrics: metricsOfStreams(streams),
      generation,
      previousNs,
    };
  }

  #numbers(metrics: readonly NumberStreams[], kind = ""): NumbersPlan {
    const size = metrics.reduce((sum, { slots }) => sum + slots.length, 0);
    const slots = new Uint32Array(size);
    const ids = new Uint32Array(size);
    let i = 0;
    for (const { metric, series, slots: from } of metrics) {
      const streams = this.#table.metric(metric);
      for (let k = 0; k < from.length; k++, i++) {
        slots[i] = from[k] as number;
        ids[i] = this.#table.find(streams, series[k] as string, this.#copies, kind);
      }
    }
    return { slots, ids };
  }

  #whole(streams: Map<string, number>, series: string, slots: HistogramSlots): WholePlan {
    const cells = 2 + slots.buckets.length;
    const kind = `histogram ${slots.bounds.join()}`;
    return { slots, cells, id: this.#table.find(streams, series, cells * this.#copies, kind) };
  }

  #split(streams: Map<string, number>, series: string, { bounds, buckets, count, sum }: HistogramSlots) {
    // Each part goes on by itself when other buckets come and go.
    const names = [...bounds, "count", ...(sum < 0 ? [] : ["sum"])];
    return {
      slots: Uint32Array.of(...buckets, count, ...(sum < 0 ? [] : [sum])),
      ids: Uint32Array.from(names, (name) => this.#table.find(streams, `${series}\n${name}`, this.#copies)),
      buckets: buckets.length,
    };
  }
}

function restOf(mask: Uint8Array, whole: readonly WholePlan[]): Uint32Array {
  const taken = mask.slice();
  for (const { slots } of whole) {
    if (slots.sum >= 0) taken[slots.sum] = 1;
    for (const slot of slots.buckets) taken[slot] = 1;
  }
  const rest: number[] = [];
  for (let slot = 0; slot < taken.length; slot++) if (taken[slot] === 0) rest.push(slot);
  return Uint32Array.from(rest);
}

function divide({ slots, ids }: NumbersPlan): { single: NumbersPlan; shared: NumbersPlan } {
  const uses = new Map<number, number>();
  for (const id of ids) uses.set(id, (uses.get(id) ?? 0) + 1);
  const isSingle = (id: number) => uses.get(id) === 1 && id !== NO_STREAM;
  const part = (single: boolean): NumbersPlan => {
    const indexes = [...ids.keys()].filter((i) => isSingle(ids[i] as number) === single);
    return {
      slots: Uint32Array.from(indexes, (i) => slots[i] as number),
      ids: Uint32Array.from(indexes, (i) => ids[i] as number),
    };
  };
  if (uses.size === ids.length && !uses.has(NO_STREAM)) {
    return { single: { slots, ids }, shared: { slots: new Uint32Array(0), ids: new Uint32Array(0) } };
  }
  return { single: part(true), shared: part(false) };
}
