import type { Labels, SeriesEntry } from "../exposition/index.ts";
import { ABSENT, msToNs } from "../metrics/index.ts";
import type { KnownSeries } from "./known-series.ts";

/** Prometheus refuses samples further ahead of the scrape. */
const MAX_AHEAD_MS = 10 * 60_000;

/** Why a sample with a timestamp of its own was not passed on. */
export interface TimestampDrops {
  /** (series, timestamp) was passed on before. */
  readonly duplicate: number;
  /** Older than what is remembered of the series. */
  readonly outOfOrder: number;
  /** More than ten minutes ahead. */
  readonly future: number;
}

/** What is known of one series: the timestamps of the last body that had it, and the latest of those before. */
interface Memory {
  timestamps: readonly number[];
  forgottenUpTo: number;
}

/**
 * Lets each sample with an explicit timestamp through once. virt-handler shows the last ten points of a migration in
 * every body until the migration ends.
 */
export class ExplicitTimes {
  readonly #memories = new WeakMap<Labels, Map<string, Memory>>();
  #pending = new Map<Memory, number[]>();
  #passed: number[] = [];

  /** Slots that the last {@link apply} let through. */
  get passed(): readonly number[] {
    return this.#passed;
  }

  /**
   * Writes the times of new samples into `times` (nanoseconds, by slot) and marks the others absent in `states`.
   * @param timestamps milliseconds by slot, NaN = none
   */
  apply(
    timestamps: Float64Array,
    entries: KnownSeries["entries"],
    states: Uint8Array,
    times: BigUint64Array,
    scrapeTimeMs: number,
  ): TimestampDrops {
    let duplicate = 0;
    let outOfOrder = 0;
    let future = 0;
    this.discard();
    // Slots ascend with the occurrence, so the samples of one series come in the order of the body.
    for (let slot = 0; slot < entries.length; slot++) {
      const ms = timestamps[slot] as number;
      if (Number.isNaN(ms) || states[slot] === ABSENT) continue;
      const memory = this.#memoryOf(entries[slot] as SeriesEntry);
      let current = this.#pending.get(memory);
      if (current === undefined) {
        current = [];
        this.#pending.set(memory, current);
      }
      const known = memory.timestamps.includes(ms) || current.includes(ms);
      if (known) duplicate += 1;
      else if (ms <= memory.forgottenUpTo) outOfOrder += 1;
      else if (ms > scrapeTimeMs + MAX_AHEAD_MS) future += 1;
      else {
        times[slot] = msToNs(ms);
        current.push(ms);
        this.#passed.push(slot);
        continue;
      }
      if (memory.timestamps.includes(ms)) current.push(ms);
      states[slot] = ABSENT;
    }
    return { duplicate, outOfOrder, future };
  }

  /** What the last {@link apply} let through has arrived. */
  commit(): void {
    for (const [memory, current] of this.#pending) {
      for (const ms of memory.timestamps) {
        if (!current.includes(ms)) memory.forgottenUpTo = Math.max(memory.forgottenUpTo, ms);
      }
      memory.timestamps = current;
    }
    this.discard();
  }

  /** It has not: the same samples pass again when they come again. */
  discard(): void {
    this.#pending = new Map();
    this.#passed = [];
  }

  #memoryOf({ name, labels }: SeriesEntry): Memory {
    let byName = this.#memories.get(labels);
    if (byName === undefined) {
      byName = new Map();
      this.#memories.set(labels, byName);
    }
    let memory = byName.get(name);
    if (memory === undefined) {
      // A time of 0 means "none" further on, and no sample is that old.
      memory = { timestamps: [], forgottenUpTo: 0 };
      byName.set(name, memory);
    }
    return memory;
  }
}
