import { type Column, ColumnBuffers, type PointExtras, PRESENT, STALE } from "../metrics/index.ts";
import { PresenceKeeper } from "./presence-keeper.ts";
import { type HistogramPlan, NO_SLOT, StreamPlans } from "./stream-plans.ts";
import { StreamTable, UNSEEN } from "./stream-table.ts";
import type { CumulativeStreams } from "./streams.ts";

export interface DeltaOptions {
  /** Milliseconds for which a stream without points keeps its total; a later point is a first one again. */
  readonly maxStalenessMs: number;
}

/** Points of one batch that were not turned into a delta because they were bad. */
export interface DeltaCounts {
  /** NaN or infinite. */
  readonly notFinite: number;
  /** Not newer than the stream's last point. */
  readonly outOfOrder: number;
}

/**
 * Turns running totals into differences, exactly: the deltas of a stream add up to what its total rose by.
 *
 * - The first point of a stream gives none: nobody knows since when its total has run.
 * - A delta starts where the one before ended, also when scrapes in between had no point of the stream.
 * - A total that falls was reset: the new total is what came since then. The moment of the reset is unknown, so the
 *   delta starts at the previous point, which keeps the stream free of gaps.
 * - A histogram is reset as a whole, when its count or the count of any of its buckets falls.
 * - A stale marker gives no point (the end of a delta stream is that nothing comes any more) and ends nothing.
 */
export class DeltaConverter {
  readonly #maxStalenessMs: number;
  readonly #table = new StreamTable();
  readonly #plans = new StreamPlans(this.#table);
  readonly #buffers = new ColumnBuffers();
  readonly #keepers = new WeakMap<CumulativeStreams, PresenceKeeper>();
  #periodEnd: number | undefined;

  // The batch under way.
  #keeper = new PresenceKeeper();
  #out: Float64Array = new Float64Array(0);
  #starts: BigUint64Array | undefined;
  #width = 0;
  #seconds = 0;
  #nanos = 0;
  #startSeconds = UNSEEN;
  #startNanos = 0;
  #startNs = 0n;
  #notFinite = 0;
  #outOfOrder = 0;

  constructor(options: DeltaOptions) {
    this.#maxStalenessMs = options.maxStalenessMs;
  }

  /** Streams whose total is kept. */
  get streamCount(): number {
    return this.#table.size;
  }

  /**
   * The column with deltas in the slots of the streams; all other slots are as they were. Its arrays are lent: give
   * them back with {@link release} once the batch was consumed.
   * @param nowMs a clock that never jumps, by which streams are forgotten.
   */
  convert(
    streams: CumulativeStreams,
    column: Column,
    nowMs: number,
  ): { readonly column: Column; readonly counts: DeltaCounts } {
    this.#forget(nowMs);
    const plan = this.#plans.of(streams);
    this.#begin(streams, column);
    this.#setTime(column.timeNs);
    this.#chooseStart(plan.previousNs, plan.ids);
    this.#numbers(plan.slots, plan.ids, column);
    for (const histogram of plan.histograms) this.#histogram(histogram, column);
    if (column.timeNs > plan.previousNs) plan.previousNs = column.timeNs;
    return {
      column: column.with({
        values: this.#out,
        presence: this.#keeper.end(),
        startNs: streams.restIsGauges ? this.#startNs : column.startNs,
        startTimes: this.#starts,
        extras: column.extras && differenceExtras(column.extras, plan.mask),
      }),
      counts: { notFinite: this.#notFinite, outOfOrder: this.#outOfOrder },
    };
  }

  /** Takes the arrays of a converted column back for reuse, unless somebody retained it. */
  release(column: Column): void {
    if (column.retained) return;
    this.#buffers.recycle(column.values, column.startTimes);
  }

  #forget(nowMs: number): void {
    this.#periodEnd ??= nowMs + this.#maxStalenessMs;
    if (nowMs < this.#periodEnd) return;
    this.#table.endPeriod();
    this.#periodEnd = nowMs + this.#maxStalenessMs;
  }

  #begin(streams: CumulativeStreams, column: Column): void {
    this.#width = streams.width;
    this.#notFinite = 0;
    this.#outOfOrder = 0;
    let keeper = this.#keepers.get(streams);
    if (keeper === undefined) {
      keeper = new PresenceKeeper();
      this.#keepers.set(streams, keeper);
    }
    this.#keeper = keeper;
    keeper.begin(column.presence, streams.width);
    this.#out = this.#buffers.takeValues(streams.width);
    this.#out.set(column.values.subarray(0, streams.width));
    this.#starts = undefined;
    if (!streams.restIsGauges) {
      const starts = this.#startArray();
      if (column.startTimes !== undefined) starts.set(column.startTimes.subarray(0, streams.width));
    }
  }

  #setTime(ns: bigint): void {
    this.#seconds = Number(ns / 1_000_000_000n);
    this.#nanos = Number(ns % 1_000_000_000n);
  }

  /** The start that most deltas of the batch have: the time of the last batch with these streams. */
  #chooseStart(previousNs: bigint, ids: Uint32Array): void {
    const { seconds, nanos } = this.#table;
    this.#startSeconds = UNSEEN;
    this.#startNs = previousNs;
    if (previousNs > 0n) {
      this.#startSeconds = Number(previousNs / 1_000_000_000n);
      this.#startNanos = Number(previousNs % 1_000_000_000n);
    } else {
      const known = ids.find((id) => seconds[id] !== UNSEEN);
      if (known !== undefined) {
        this.#startSeconds = seconds[known] as number;
        this.#startNanos = nanos[known] as number;
        this.#startNs = toNs(this.#startSeconds, this.#startNanos);
      }
    }
    // Where it cannot be the start of anything, no stream may take the short way.
    if (!this.#continues(this.#startSeconds, this.#startNanos)) {
      this.#startSeconds = UNSEEN - 1;
      this.#startNs = 0n;
    }
  }

  #numbers(slots: Uint32Array, ids: Uint32Array, column: Column): void {
    const { totals, seconds, nanos, periods, period } = this.#table;
    const out = this.#out;
    const now = this.#seconds;
    const nowNanos = this.#nanos;
    const start = this.#startSeconds;
    const startNanos = this.#startNanos;
    const startNs = this.#startNs;
    const starts = this.#starts;
    const { values, times } = column;
    const { states } = column.presence;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as number;
      if (states !== undefined && states[slot] !== PRESENT) {
        if (states[slot] === STALE) this.#keeper.remove(slot);
        continue;
      }
      const value = values[slot] as number;
      if (value - value !== 0) {
        this.#notFinite++;
        this.#keeper.remove(slot);
        continue;
      }
      const id = ids[i] as number;
      if (times !== undefined && times[slot] !== 0n) {
        this.#setTime(times[slot] as bigint);
        this.#step(id, slot, value, false);
        this.#seconds = now;
        this.#nanos = nowNanos;
      } else if (seconds[id] === start && nanos[id] === startNanos) {
        const previous = totals[id] as number;
        totals[id] = value;
        seconds[id] = now;
        nanos[id] = nowNanos;
        periods[id] = period;
        out[slot] = value < previous ? value : value - previous;
        if (starts !== undefined) starts[slot] = startNs;
      } else {
        this.#step(id, slot, value, false);
      }
    }
  }

  #histogram({ slots, elements, ids, whole }: HistogramPlan, column: Column): void {
    const { values, presence } = column;
    if (presence.at(slots.count) !== PRESENT) {
      for (const slot of elements) if (slot !== NO_SLOT) this.#keeper.remove(slot);
      return;
    }
    if (whole) {
      let broken = !Number.isFinite(values[slots.count]);
      for (const slot of slots.buckets) broken ||= !Number.isFinite(values[slot]);
      if (broken) {
        this.#notFinite++;
        this.#keeper.remove(slots.count);
        return;
      }
    }
    const ownTime = column.times?.[slots.count] ?? 0n;
    if (ownTime !== 0n) this.#setTime(ownTime);
    const reset = this.#histogramReset(slots.buckets.length, elements, ids, values);
    // A whole histogram needs a total for each bucket; where one is new, all have to begin anew.
    let fresh = false;
    for (let i = 0; i < elements.length; i++) {
      const slot = elements[i] as number;
      if (slot === NO_SLOT) continue;
      const isSum = slot === slots.sum;
      if (isSum && presence.at(slot) !== PRESENT) {
        this.#keeper.remove(slot);
        continue;
      }
      const value = values[slot] as number;
      if (!Number.isFinite(value)) {
        this.#notFinite++;
        this.#keeper.remove(slot);
        continue;
      }
      // The sum of a whole histogram may fall where negative values are observed: that is a difference, not a reset.
      const stepped = this.#step(ids[i] as number, slot, value, reset, isSum && whole);
      fresh ||= !stepped && !isSum;
    }
    if (whole && fresh) this.#keeper.remove(slots.count);
    if (ownTime !== 0n) this.#setTime(column.timeNs);
  }

  /** Whether any single bucket, the last one up to infinity included, counts less than before. */
  #histogramReset(buckets: number, elements: Uint32Array, ids: Uint32Array, values: Float64Array): boolean {
    const { totals, seconds, nanos } = this.#table;
    let below = -1;
    // Elements are the buckets in ascending order, the count, the sum.
    for (let i = 0; i <= buckets; i++) {
      const id = ids[i] as number;
      const total = values[elements[i] as number] as number;
      const known = this.#continues(seconds[id] as number, nanos[id] as number);
      if (!Number.isFinite(total) || !known) continue;
      let rise = total - (totals[id] as number);
      // Totals of different times do not make the count of a single bucket.
      if (
        below >= 0 &&
        seconds[ids[below] as number] === seconds[id] &&
        nanos[ids[below] as number] === nanos[id]
      ) {
        rise -= (values[elements[below] as number] as number) - (totals[ids[below] as number] as number);
      }
      if (rise < 0) return true;
      below = i;
    }
    return false;
  }

  /** Writes the delta of one slot, or takes its point out and says false when there is none. */
  #step(id: number, slot: number, value: number, reset: boolean, mayFall = false): boolean {
    const { totals, seconds, nanos, periods, period } = this.#table;
    const last = seconds[id] as number;
    const lastNanos = nanos[id] as number;
    const previous = totals[id] as number;
    const known = this.#continues(last, lastNanos);
    if (!known && last !== UNSEEN && this.#age(last, lastNanos) <= 0) {
      this.#outOfOrder++;
      this.#keeper.remove(slot);
      return false;
    }
    totals[id] = value;
    seconds[id] = this.#seconds;
    nanos[id] = this.#nanos;
    periods[id] = period;
    if (!known) {
      this.#keeper.remove(slot);
      return false;
    }
    this.#out[slot] = reset || (value < previous && !mayFall) ? value : value - previous;
    if (this.#starts !== undefined || last !== this.#startSeconds || lastNanos !== this.#startNanos) {
      this.#startArray()[slot] = toNs(last, lastNanos);
    }
    return true;
  }

  /** Whether a point of the current time can be counted from a total of that time. */
  #continues(seconds: number, nanos: number): boolean {
    if (seconds < 0) return false;
    const age = this.#age(seconds, nanos);
    return age > 0 && age * 1000 <= this.#maxStalenessMs;
  }

  /** Seconds between that time and the current one; its sign is exact. */
  #age(seconds: number, nanos: number): number {
    return this.#seconds - seconds + (this.#nanos - nanos) / 1e9;
  }

  #startArray(): BigUint64Array {
    if (this.#starts === undefined) {
      this.#starts = this.#buffers.takeTimes(this.#width);
    }
    return this.#starts;
  }
}

function toNs(seconds: number, nanos: number): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}

/** What holds for a total but not for a difference goes: exact counts, the smallest and the largest value ever seen. */
function differenceExtras(
  extras: ReadonlyMap<number, PointExtras>,
  mask: Uint8Array,
): ReadonlyMap<number, PointExtras> {
  const result = new Map<number, PointExtras>();
  for (const [slot, extra] of extras) {
    const { integer: _, min: __, max: ___, exactCounts: ____, ...kept } = extra;
    result.set(slot, mask[slot] === 1 ? kept : extra);
  }
  return result;
}
