import {
  type Column,
  PRESENT,
  STALE,
  subtractCounts,
  subtractExponential,
  wordsOf,
} from "../metrics/index.ts";
import { subtractExact } from "./counts.ts";
import type { Pass } from "./pass.ts";
import { announcesReset } from "./source-start.ts";
import { splitFell } from "./split-histogram.ts";
import { StreamMemory } from "./stream-memory.ts";
import type { NumbersPlan, SplitPlan, WholePlan } from "./stream-plans.ts";
import type { LayoutStreams } from "./streams.ts";
import { type SplitTime, sameStart, splitTime } from "./time-words.ts";
import { bare, dropTotals } from "./total-extras.ts";
import { bucketFell, bucketsChanged, countsOf, isFiniteHistogram, wholeCells } from "./whole-histogram.ts";

export interface DeltaOptions {
  /** Milliseconds for which a stream without points keeps its total; a later point is a first one again. 0: for ever. */
  readonly maxStalenessMs: number;
  /**
   * What becomes of the first point of a stream. `drop`: nothing, nobody knows since when its total has run. `keep`: its
   * whole total is the delta. `auto`: likewise, if the source says that the total began when we would have seen it.
   */
  readonly initialValue: "auto" | "keep" | "drop";
  /** Since when points have been seen: nanoseconds since the Unix epoch. */
  readonly sinceNs: bigint;
}

/** What became of the points of one batch. */
export class DeltaCounts {
  converted = 0;
  /** First points that gave none. */
  initialDropped = 0;
  /** Histograms whose buckets changed. */
  bucketMismatch = 0;
  /** NaN or infinite. */
  notFinite = 0;
  /** Not newer than the stream's last point. */
  outOfOrder = 0;
}

/**
 * Turns running totals into differences, exactly: the deltas of a stream add up to what its total rose by.
 *
 * - A delta starts where the one before ended, also when scrapes in between had no point of the stream.
 * - A total that falls, or whose source says it began anew, was reset: the new total is what came since then. The delta
 *   starts at the previous point nevertheless, which keeps the stream free of gaps.
 * - A histogram is reset as a whole, when its count or the count of any of its buckets falls.
 * - A stale marker gives no point (the end of a delta stream is that nothing comes any more) and ends nothing.
 * - A batch that is refused leaves no trace: the next delta covers it.
 */
export class DeltaConverter {
  readonly #memory: StreamMemory;
  readonly #initialValue: DeltaOptions["initialValue"];
  readonly #sinceNs: bigint;

  // The batch under way.
  #pass!: Pass;
  #counts = new DeltaCounts();
  /** When most deltas of the batch start; undefined when there is no such time. */
  #common: SplitTime | undefined;

  constructor({ maxStalenessMs, initialValue, sinceNs }: DeltaOptions) {
    this.#memory = new StreamMemory({ maxStalenessMs });
    this.#initialValue = initialValue;
    this.#sinceNs = sinceNs;
  }

  /** Streams whose total is kept. */
  get streamCount(): number {
    return this.#memory.table.size;
  }

  /**
   * Hands on the column with deltas in the slots of the streams; all other slots are as they were.
   * @param nowMs a clock that never jumps, by which streams are forgotten
   * @param handOn see `StreamMemory.run`
   */
  convert(
    streams: LayoutStreams,
    column: Column,
    nowMs: number,
    handOn: (deltas: Column, counts: DeltaCounts) => Promise<void>,
  ): Promise<void> {
    let counts = new DeltaCounts();
    const operation = (pass: Pass) => {
      counts = this.#run(pass);
    };
    return this.#memory.run(streams, column, nowMs, operation, (result) => handOn(result, counts));
  }

  #run(pass: Pass): DeltaCounts {
    this.#pass = pass;
    this.#counts = new DeltaCounts();
    const { plan, column } = pass;
    this.#chooseCommonStart(pass);
    if (column.extras !== undefined) dropTotals(pass, column.extras);
    this.#numbers(plan.single, column);
    for (let i = 0; i < plan.shared.slots.length; i++) {
      this.#number(plan.shared.ids[i] as number, plan.shared.slots[i] as number);
    }
    for (const histogram of plan.split) this.#split(histogram);
    for (const histogram of plan.whole) this.#whole(histogram);
    const { slots, ids } = plan.exponentials;
    for (let i = 0; i < slots.length; i++) this.#exponential(ids[i] as number, slots[i] as number);
    return this.#counts;
  }

  /** The start that most deltas of the batch have: the time of the last batch with these streams. */
  #chooseCommonStart(pass: Pass): void {
    const { plan, table, column } = pass;
    const known = plan.single.ids.find((id) => table.times[id] !== 0n);
    const ns = pass.previousNs || (known === undefined ? 0n : (table.times[known] as bigint));
    this.#common = this.#continues(ns, column.timeNs) ? splitTime(ns) : undefined;
    if (this.#common !== undefined) pass.shareStart(ns);
  }

  /** The quick way for what there is most of: a number that is as old as most. */
  #numbers({ slots, ids }: NumbersPlan, column: Column): void {
    const pass = this.#pass;
    const { table, values: out } = pass;
    const common = this.#common;
    if (common === undefined) {
      for (let i = 0; i < slots.length; i++) this.#number(ids[i] as number, slots[i] as number);
      return;
    }
    const { totals, timeWords, startWords, periods, period, details } = table;
    const { values, extras, presence } = column;
    const { states } = presence;
    const ownTimes = column.times && wordsOf(column.times);
    const ownStarts = column.startTimes && wordsOf(column.startTimes);
    const sharedStart = splitTime(column.startNs);
    const now = splitTime(column.timeNs);
    const undo = pass.quickTotals(common);
    const saysStart = column.startNs !== 0n || ownStarts !== undefined;
    let converted = 0;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as number;
      const id = ids[i] as number;
      const value = values[slot] as number;
      const quick =
        (states === undefined || states[slot] === PRESENT) &&
        value - value === 0 &&
        timeWords[2 * id] === common.first &&
        timeWords[2 * id + 1] === common.second &&
        (ownTimes === undefined || (ownTimes[2 * slot] === 0 && ownTimes[2 * slot + 1] === 0)) &&
        (!saysStart || sameStart(startWords, id, ownStarts, slot, sharedStart)) &&
        (extras === undefined || extras.get(slot)?.integer === undefined) &&
        (details.size === 0 || !details.has(id));
      if (!quick) {
        undo[i] = Number.NaN;
        this.#number(id, slot);
        continue;
      }
      const previous = totals[id] as number;
      undo[i] = previous;
      totals[id] = value;
      timeWords[2 * id] = now.first;
      timeWords[2 * id + 1] = now.second;
      periods[id] = period;
      out[slot] = value < previous ? value : value - previous;
      converted++;
    }
    this.#counts.converted += converted;
  }

  #number(id: number, slot: number): void {
    const { column, table } = this.#pass;
    const state = column.presence.at(slot);
    if (state !== PRESENT) {
      if (state === STALE) this.#pass.remove(slot);
      return;
    }
    const value = column.values[slot] as number;
    if (!Number.isFinite(value)) {
      this.#counts.notFinite++;
      this.#pass.remove(slot);
      return;
    }
    const integer = column.extras?.get(slot)?.integer;
    const before = table.details.get(id)?.integer;
    const previous = before ?? (table.totals[id] as number);
    const current = integer ?? value;
    const turn = this.#turn(id, slot, slot);
    if (turn === undefined) return;
    this.#pass.save(id);
    this.#advance(id, turn);
    table.totals[id] = value;
    this.#pass.setDetail(id, integer === undefined ? undefined : { integer });
    const whole = turn.whole || current < previous;
    const delta = whole ? current : subtractCounts(current, previous);
    if (this.#emit(slot, turn)) this.#put(slot, Number(delta), integer === undefined ? undefined : delta);
  }

  /** An integer that came as one goes as one. */
  #put(slot: number, value: number, exact: number | bigint | undefined): void {
    this.#pass.values[slot] = value;
    if (exact === undefined) return;
    const { integer: _, ...rest } = this.#pass.column.extras?.get(slot) ?? {};
    this.#pass.setExtras(slot, { ...rest, integer: BigInt(exact) });
  }

  #split(plan: SplitPlan): void {
    const { slots, ids, buckets } = plan;
    const { column, table } = this.#pass;
    const point = slots[buckets] as number;
    if (column.presence.at(point) !== PRESENT) {
      for (const slot of slots) this.#pass.remove(slot);
      return;
    }
    const reset = splitFell(this.#pass, plan, (lastNs, timeNs) => this.#continues(lastNs, timeNs));
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as number;
      const id = ids[i] as number;
      if (column.presence.at(slot) !== PRESENT) {
        this.#pass.remove(slot);
        continue;
      }
      const value = column.values[slot] as number;
      if (!Number.isFinite(value)) {
        this.#counts.notFinite++;
        this.#pass.remove(slot);
        continue;
      }
      const turn = this.#turn(id, slot, point);
      if (turn === undefined) continue;
      this.#pass.save(id);
      const previous = table.totals[id] as number;
      this.#advance(id, turn);
      table.totals[id] = value;
      const delta = reset || turn.whole || value < previous ? value : value - previous;
      if (this.#emit(slot, turn)) this.#pass.values[slot] = delta;
    }
  }

  #whole(plan: WholePlan): void {
    const { column, table, values: out } = this.#pass;
    const { count, sum, buckets } = plan.slots;
    const state = column.presence.at(count);
    if (state !== PRESENT) {
      if (state === STALE) this.#pass.remove(count);
      return;
    }
    const { countCell, sumCell, bucketCell } = wholeCells(plan);
    if (!isFiniteHistogram(column.values, plan)) {
      this.#counts.notFinite++;
      this.#pass.remove(count);
      return;
    }
    const turn = this.#turn(countCell, count, count);
    if (turn === undefined) return;
    const exact = column.extras?.get(count)?.exactCounts;
    const before = table.details.get(countCell)?.counts;
    // With other buckets than before there is no difference, unless the count shows that it was a reset.
    const mismatch = turn.known && !turn.whole && bucketsChanged(table, plan);
    const fell = (column.values[count] as number) < (table.totals[countCell] as number);
    let whole = turn.whole || (mismatch ? fell : bucketFell(column.values, table.totals, plan));
    if (!mismatch && (exact !== undefined || before !== undefined)) {
      const now = exact ?? countsOf(column.values, count, buckets);
      const then = before ?? countsOf(table.totals, countCell, buckets.keys(), bucketCell);
      const difference = subtractExact(now, then);
      whole = turn.whole || difference === undefined;
      const exactCounts = whole ? now : difference;
      const extras = this.#pass.column.extras?.get(count);
      if (exactCounts !== undefined) this.#pass.setExtras(count, { ...bare(extras ?? {}), exactCounts });
    }
    this.#pass.save(plan.id, plan.cells);
    const { totals } = table;
    const step = (slot: number, cell: number) => {
      const value = column.values[slot] as number;
      out[slot] = whole ? value : value - (totals[cell] as number);
      totals[cell] = value;
    };
    buckets.forEach((slot, i) => {
      step(slot, bucketCell + i);
    });
    step(count, countCell);
    if (sum >= 0) this.#wholeSum(sum, sumCell, count, whole);
    this.#advance(countCell, turn);
    this.#pass.setDetail(countCell, exact && { counts: exact });
    if (mismatch && !whole) {
      this.#counts.bucketMismatch++;
      this.#pass.remove(count);
    } else this.#emit(count, turn);
  }

  /** The sum may fall where negative values are observed: that is a difference, not a reset. */
  #wholeSum(slot: number, cell: number, point: number, whole: boolean): void {
    const { column, table, values: out } = this.#pass;
    const value = column.values[slot] as number;
    if (column.presence.at(slot) !== PRESENT || !Number.isFinite(value)) {
      if (column.presence.at(slot) === PRESENT) this.#counts.notFinite++;
      this.#pass.remove(slot);
      return;
    }
    const timeNs = column.timeAt(point);
    if (whole) out[slot] = value;
    else if (this.#continues(table.times[cell] as bigint, timeNs)) {
      out[slot] = value - (table.totals[cell] as number);
    } else this.#pass.remove(slot);
    table.totals[cell] = value;
    table.times[cell] = timeNs;
  }

  #exponential(id: number, slot: number): void {
    const { column, table } = this.#pass;
    const state = column.presence.at(slot);
    const extras = column.extras?.get(slot);
    const now = extras?.exponential;
    if (state !== PRESENT || now === undefined) {
      if (state === STALE) this.#pass.remove(slot);
      return;
    }
    const turn = this.#turn(id, slot, slot);
    if (turn === undefined) return;
    const before = table.details.get(id)?.exponential;
    const difference = turn.whole || before === undefined ? undefined : subtractExponential(now, before);
    const { min: _, max: __, sum, ...whole } = now;
    const finite = sum !== undefined && Number.isFinite(sum);
    if (sum !== undefined && !finite) this.#counts.notFinite++;
    const fromSum = difference === undefined ? 0 : before?.sum;
    const delta = {
      ...(difference ?? whole),
      ...(finite && fromSum !== undefined && { sum: sum - fromSum }),
    };
    this.#pass.save(id);
    this.#advance(id, turn);
    // A sum that is no number is passed over: the next difference covers it.
    const kept = finite ? sum : difference === undefined ? undefined : before?.sum;
    this.#pass.setDetail(id, { exponential: { ...whole, ...(kept !== undefined && { sum: kept }) } });
    if (!this.#emit(slot, turn)) return;
    this.#pass.values[slot] = Number(delta.count);
    this.#pass.setExtras(slot, { ...bare(extras ?? {}), exponential: delta });
  }

  /** What the point is to its stream; undefined when it comes too late, and is out. `point`: where its times are. */
  #turn(id: number, slot: number, point: number): Turn | undefined {
    const { column, table } = this.#pass;
    const timeNs = column.timeAt(point);
    const startNs = column.startAt(point);
    const lastNs = table.times[id] as bigint;
    if (lastNs !== 0n && timeNs <= lastNs) {
      this.#counts.outOfOrder++;
      this.#pass.remove(slot);
      return undefined;
    }
    const known = this.#continues(lastNs, timeNs);
    if (!known) return { known, whole: true, from: startNs, startNs, timeNs };
    const whole = announcesReset(startNs, table.starts[id] as bigint, lastNs, timeNs);
    return { known, whole, from: lastNs, startNs, timeNs };
  }

  #advance(id: number, { startNs, timeNs }: Turn): void {
    const { table } = this.#pass;
    table.times[id] = timeNs;
    if (startNs !== 0n) table.starts[id] = startNs;
    table.periods[id] = table.period;
  }

  /** Gives the delta its start; false when there is none, because the point was a first one. */
  #emit(slot: number, { known, from, startNs, timeNs }: Turn): boolean {
    if (!known && !this.#keepsInitial(startNs, timeNs)) {
      this.#counts.initialDropped++;
      this.#pass.remove(slot);
      return false;
    }
    this.#counts.converted++;
    const start = from === 0n ? this.#sinceNs : from;
    this.#pass.setStart(slot, start < timeNs ? start : timeNs);
    return true;
  }

  /** A total that began before we looked, or so long ago that we may have forgotten it, may have been seen before. */
  #keepsInitial(startNs: bigint, timeNs: bigint): boolean {
    if (this.#initialValue !== "auto") return this.#initialValue === "keep";
    const oldest = timeNs - this.#memory.maxStalenessNs;
    return startNs >= this.#sinceNs && startNs >= oldest && startNs !== 0n && startNs < timeNs;
  }

  /** Whether a point of that time can be counted from a total of the last one. */
  #continues(lastNs: bigint, timeNs: bigint): boolean {
    return lastNs !== 0n && lastNs < timeNs && timeNs - lastNs <= this.#memory.maxStalenessNs;
  }
}

interface Turn {
  /** Whether there is a total to count from. */
  readonly known: boolean;
  /** Whether all of the total came since `from`. */
  readonly whole: boolean;
  readonly from: bigint;
  readonly startNs: bigint;
  readonly timeNs: bigint;
}
