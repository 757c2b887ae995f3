import type { HistogramSlots } from "../metrics/index.ts";
import type { StreamTable } from "./stream-table.ts";
import type { CumulativeStreams } from "./streams.ts";

/** In place of the slot of a sum that the source does not have. */
export const NO_SLOT = 0xffffffff;

/** The streams of a layout by their numbers in the table. */
export interface StreamPlan {
  readonly slots: Uint32Array;
  readonly ids: Uint32Array;
  readonly histograms: readonly HistogramPlan[];
  /** By slot: 1 where a stream is. */
  readonly mask: Uint8Array;
  readonly generation: number;
  /** Time of the last batch with this layout; 0: none yet. */
  previousNs: bigint;
}

export interface HistogramPlan {
  readonly slots: HistogramSlots;
  readonly whole: boolean;
  /** The slots of the buckets in ascending order, the count, the sum (or NO_SLOT), and their streams. */
  readonly elements: Uint32Array;
  readonly ids: Uint32Array;
}

/** Looks streams up once for each layout, and again after the table has given numbers to others. */
export class StreamPlans {
  readonly #table: StreamTable;
  readonly #plans = new WeakMap<CumulativeStreams, StreamPlan>();

  constructor(table: StreamTable) {
    this.#table = table;
  }

  of(streams: CumulativeStreams): StreamPlan {
    let plan = this.#plans.get(streams);
    if (plan === undefined || plan.generation !== this.#table.generation) {
      plan = this.#resolve(streams, plan?.previousNs ?? 0n);
      this.#plans.set(streams, plan);
    }
    return plan;
  }

  #resolve({ width, numbers, histograms }: CumulativeStreams, previousNs: bigint): StreamPlan {
    const size = numbers.reduce((sum, { slots }) => sum + slots.length, 0);
    const slots = new Uint32Array(size);
    const ids = new Uint32Array(size);
    let i = 0;
    for (const { metric, series, slots: from } of numbers) {
      const streams = this.#table.metric(metric);
      for (let k = 0; k < from.length; k++, i++) {
        slots[i] = from[k] as number;
        ids[i] = this.#table.find(streams, series[k] as string);
      }
    }
    const planned = histograms.flatMap(({ metric, series, histograms: points, whole }) => {
      const streams = this.#table.metric(metric);
      return points.map((point, k) => this.#histogram(streams, series[k] as string, point, whole));
    });
    const mask = new Uint8Array(width);
    for (const slot of slots) mask[slot] = 1;
    for (const { elements } of planned) for (const slot of elements) if (slot !== NO_SLOT) mask[slot] = 1;
    return { slots, ids, histograms: planned, mask, generation: this.#table.generation, previousNs };
  }

  #histogram(
    streams: Map<string, number>,
    series: string,
    slots: HistogramSlots,
    whole: boolean,
  ): HistogramPlan {
    const find = (element: string) => this.#table.find(streams, `${series}\n${element}`);
    // Whole histograms with other bounds are other streams, count and sum too; single points go on.
    const kind = whole ? slots.bounds.join() : "";
    return {
      slots,
      whole,
      elements: Uint32Array.of(...slots.buckets, slots.count, slots.sum < 0 ? NO_SLOT : slots.sum),
      ids: Uint32Array.of(
        ...slots.bounds.map((bound) => find(`${bound} ${kind}`)),
        find(`count ${kind}`),
        slots.sum < 0 ? 0 : find(`sum ${kind}`),
      ),
    };
  }
}
