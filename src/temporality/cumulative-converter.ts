import {
  addCounts,
  type Column,
  mergeExponential,
  type PointExtras,
  PRESENT,
  STALE,
  wordsOf,
} from "../metrics/index.ts";
import { addExact } from "./counts.ts";
import type { Pass } from "./pass.ts";
import { StreamMemory } from "./stream-memory.ts";
import type { NumbersPlan, WholePlan } from "./stream-plans.ts";
import { NO_STREAM, type StreamDetail } from "./stream-table.ts";
import type { LayoutStreams } from "./streams.ts";
import { type SplitTime, splitTime } from "./time-words.ts";
import { bucketsChanged, countsOf, isFiniteHistogram, wholeCells } from "./whole-histogram.ts";

export interface CumulativeOptions {
  /** Milliseconds after which a stream without points is forgotten; its next delta begins a new total. 0: never. */
  readonly maxStalenessMs: number;
  readonly maxStreams: number;
}

/** What became of the deltas of one batch. */
export class CumulativeCounts {
  converted = 0;
  /** NaN or infinite. */
  notFinite = 0;
  /** Not newer than the stream's last one. */
  outOfOrder = 0;
  /** From before the stream's total began. */
  olderStart = 0;
  /** Of streams for which there was no room. */
  limit = 0;
  /** Deltas that do not start where the one before ended; they are counted in nevertheless. */
  gaps = 0;
}

/**
 * Adds deltas up to running totals. A total starts where its first delta starts. A delta that is not newer than the last
 * one was counted already or comes too late, and is dropped. Histograms with other buckets begin a new total. A batch
 * that is refused leaves no trace: whoever makes the deltas again is not counted twice.
 */
export class CumulativeConverter {
  readonly #memory: StreamMemory;
  // The batch under way.
  #pass!: Pass;
  #counts = new CumulativeCounts();

  constructor({ maxStalenessMs, maxStreams }: CumulativeOptions) {
    this.#memory = new StreamMemory({ maxStalenessMs, maxStreams });
  }

  /** Streams whose total is kept. */
  get streamCount(): number {
    return this.#memory.table.size;
  }

  /** Hands on the column with totals in the slots of the streams; see `DeltaConverter.convert`. */
  convert(
    streams: LayoutStreams,
    column: Column,
    nowMs: number,
    handOn: (totals: Column, counts: CumulativeCounts) => Promise<void>,
  ): Promise<void> {
    let counts = new CumulativeCounts();
    const operation = (pass: Pass) => {
      counts = this.#run(pass);
    };
    return this.#memory.run(streams, column, nowMs, operation, (result) => handOn(result, counts));
  }

  #run(pass: Pass): CumulativeCounts {
    this.#pass = pass;
    this.#counts = new CumulativeCounts();
    const { plan } = pass;
    this.#numbers(plan.single);
    for (let i = 0; i < plan.shared.slots.length; i++) {
      this.#number(plan.shared.ids[i] as number, plan.shared.slots[i] as number);
    }
    for (const histogram of plan.whole) this.#whole(histogram);
    const { slots, ids } = plan.exponentials;
    for (let i = 0; i < slots.length; i++) this.#exponential(ids[i] as number, slots[i] as number);
    return this.#counts;
  }

  /** The quick way for what there is most of: a number that goes on where the last batch ended. */
  #numbers({ slots, ids }: NumbersPlan): void {
    const pass = this.#pass;
    const { table, column, values: out } = pass;
    const last = this.#goesOn();
    if (last === undefined) {
      for (let i = 0; i < slots.length; i++) this.#number(ids[i] as number, slots[i] as number);
      return;
    }
    const { totals, timeWords, startWords, periods, period, details } = table;
    const { values, extras, presence } = column;
    const { states } = presence;
    const ownTimes = column.times && wordsOf(column.times);
    const ownStarts = column.startTimes && wordsOf(column.startTimes);
    const isSharedGoingOn = column.startNs === last.ns || column.startNs === 0n;
    const now = splitTime(column.timeNs);
    const undo = pass.quickTotals(last);
    const starts = wordsOf(pass.startTimes());
    let converted = 0;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as number;
      const id = ids[i] as number;
      const previous = totals[id] as number;
      const total = previous + (values[slot] as number);
      const quick =
        (states === undefined || states[slot] === PRESENT) &&
        Math.abs(total) <= Number.MAX_SAFE_INTEGER &&
        timeWords[2 * id] === last.first &&
        timeWords[2 * id + 1] === last.second &&
        (ownTimes === undefined || (ownTimes[2 * slot] === 0 && ownTimes[2 * slot + 1] === 0)) &&
        (ownStarts === undefined || (ownStarts[2 * slot] === 0 && ownStarts[2 * slot + 1] === 0)
          ? isSharedGoingOn
          : ownStarts[2 * slot] === last.first && ownStarts[2 * slot + 1] === last.second) &&
        (extras === undefined || extras.get(slot)?.integer === undefined) &&
        (details.size === 0 || !details.has(id));
      if (!quick) {
        undo[i] = Number.NaN;
        this.#number(id, slot);
        continue;
      }
      undo[i] = previous;
      totals[id] = total;
      timeWords[2 * id] = now.first;
      timeWords[2 * id + 1] = now.second;
      periods[id] = period;
      out[slot] = total;
      starts[2 * slot] = startWords[2 * id] as number;
      starts[2 * slot + 1] = startWords[2 * id + 1] as number;
      converted++;
    }
    this.#counts.converted += converted;
  }

  /** The time of the last batch with these streams, where a delta of this one may go on from it. */
  #goesOn(): SplitTime | undefined {
    const { previousNs, column } = this.#pass;
    const sinceNs = column.timeNs - previousNs;
    const mayGoOn = previousNs !== 0n && sinceNs > 0n && sinceNs <= this.#memory.maxStalenessNs;
    return mayGoOn ? splitTime(previousNs) : undefined;
  }

  #number(id: number, slot: number): void {
    const { column, table, values } = this.#pass;
    if (!this.#isPoint(id, slot)) return;
    const delta = column.values[slot] as number;
    if (!Number.isFinite(delta)) {
      this.#counts.notFinite++;
      this.#pass.remove(slot);
      return;
    }
    const turn = this.#turn(id, slot);
    if (turn === undefined) return;
    const extras = column.extras?.get(slot);
    const integer = extras?.integer;
    const exact = table.details.get(id)?.integer;
    const base = turn.known ? (exact ?? (table.totals[id] as number)) : 0;
    this.#pass.save(id);
    this.#advance(id, slot, turn);
    const total = addCounts(base, integer ?? delta);
    values[slot] = Number(total);
    table.totals[id] = Number(total);
    const keepsExact = integer !== undefined || typeof total === "bigint";
    this.#pass.setDetail(id, keepsExact ? { integer: BigInt(total) } : undefined);
    if (keepsExact) this.#pass.setExtras(slot, { ...extras, integer: BigInt(total) });
  }

  #whole(plan: WholePlan): void {
    const { column, table, values } = this.#pass;
    const { count, sum, buckets } = plan.slots;
    const { countCell, sumCell, bucketCell } = wholeCells(plan);
    if (!this.#isPoint(plan.id, count)) return;
    if (!isFiniteHistogram(column.values, plan)) {
      this.#counts.notFinite++;
      this.#pass.remove(count);
      return;
    }
    const turn = this.#turn(countCell, count);
    if (turn === undefined) return;
    const known = turn.known && !bucketsChanged(table, plan);
    const before = known ? table.details.get(countCell) : undefined;
    this.#pass.save(plan.id, plan.cells);
    const base = (cell: number) => (known ? (table.totals[cell] as number) : 0);
    const counts = this.#exactCounts(plan, known, before);
    buckets.forEach((slot, i) => {
      values[slot] = base(bucketCell + i) + (column.values[slot] as number);
      table.totals[bucketCell + i] = values[slot] as number;
    });
    // The sum goes on only while every delta has had one.
    const hasSum = sum >= 0 && column.presence.at(sum) === PRESENT && Number.isFinite(column.values[sum]);
    const sumKnown = known && table.times[sumCell] === table.times[countCell];
    if (hasSum && (sumKnown || !known)) {
      values[sum] = base(sumCell) + (column.values[sum] as number);
      table.totals[sumCell] = values[sum] as number;
      table.times[sumCell] = turn.timeNs;
    } else if (sum >= 0) this.#pass.remove(sum);
    values[count] = base(countCell) + (column.values[count] as number);
    table.totals[countCell] = values[count] as number;
    this.#advance(countCell, count, known ? turn : { ...turn, known });
    const detail = { ...this.#extremes(count, known, before), ...(counts && { counts }) };
    this.#pass.setDetail(countCell, Object.keys(detail).length > 0 ? detail : undefined);
    this.#setExtras(count, { ...detail, ...(counts && { exactCounts: counts }) });
  }

  /** Counts that doubles cannot hold, where there are any. */
  #exactCounts(plan: WholePlan, known: boolean, before: StreamDetail | undefined) {
    const { column, table } = this.#pass;
    const { count, buckets } = plan.slots;
    const { countCell, bucketCell } = wholeCells(plan);
    const exact = column.extras?.get(count)?.exactCounts;
    const total = (table.totals[countCell] as number) + (column.values[count] as number);
    if (exact === undefined && before?.counts === undefined && Number.isSafeInteger(total)) return undefined;
    const now = exact ?? countsOf(column.values, count, buckets);
    if (!known) return exact && now;
    return addExact(now, before?.counts ?? countsOf(table.totals, countCell, buckets.keys(), bucketCell));
  }

  /** The least and the largest value, if every delta has said them. */
  #extremes(slot: number, known: boolean, before: StreamDetail | undefined): { min?: number; max?: number } {
    const { min, max } = this.#pass.column.extras?.get(slot) ?? {};
    const least = known ? min !== undefined && before?.min !== undefined && Math.min(min, before.min) : min;
    const most = known ? max !== undefined && before?.max !== undefined && Math.max(max, before.max) : max;
    return {
      ...(typeof least === "number" && { min: least }),
      ...(typeof most === "number" && { max: most }),
    };
  }

  /** What the result says beside its numbers, in place of what the delta said. */
  #setExtras(slot: number, totals: PointExtras & StreamDetail): void {
    const source = this.#pass.column.extras?.get(slot);
    const { counts: _, ...own } = totals;
    if (source === undefined && Object.keys(own).length === 0) return;
    const { min: __, max: ___, exactCounts: ____, exponential: _____, ...kept } = source ?? {};
    this.#pass.setExtras(slot, { ...kept, ...own });
  }

  #exponential(id: number, slot: number): void {
    const { column, table, values } = this.#pass;
    const delta = column.extras?.get(slot)?.exponential;
    if (!this.#isPoint(id, slot) || delta === undefined) return;
    const turn = this.#turn(id, slot);
    if (turn === undefined) return;
    const before = turn.known ? table.details.get(id)?.exponential : undefined;
    this.#pass.save(id);
    this.#advance(id, slot, turn);
    const total = before === undefined ? delta : mergeExponential(before, delta);
    this.#pass.setDetail(id, { exponential: total });
    values[slot] = Number(total.count);
    this.#setExtras(slot, { exponential: total });
  }

  /** Whether there is something to add; a stale marker goes on with the start of its stream. */
  #isPoint(id: number, slot: number): boolean {
    const { column, table } = this.#pass;
    const state = column.presence.at(slot);
    if (state === PRESENT && id === NO_STREAM) {
      this.#counts.limit++;
      this.#pass.remove(slot);
      return false;
    }
    if (state === STALE && id !== NO_STREAM && table.times[id] !== 0n) {
      this.#pass.setStart(slot, table.starts[id] as bigint);
    }
    return state === PRESENT;
  }

  #turn(id: number, slot: number): Turn | undefined {
    const { column, table } = this.#pass;
    const timeNs = column.timeAt(slot);
    const startNs = column.startAt(slot);
    const lastNs = table.times[id] as bigint;
    if (lastNs !== 0n && timeNs <= lastNs) {
      this.#counts.outOfOrder++;
      this.#pass.remove(slot);
      return undefined;
    }
    const known = lastNs !== 0n && timeNs - lastNs <= this.#memory.maxStalenessNs;
    if (known && startNs !== 0n && startNs < (table.starts[id] as bigint)) {
      this.#counts.olderStart++;
      this.#pass.remove(slot);
      return undefined;
    }
    if (known && startNs > lastNs) this.#counts.gaps++;
    return { known, startNs, timeNs };
  }

  #advance(id: number, slot: number, { known, startNs, timeNs }: Turn): void {
    const { table } = this.#pass;
    // A delta of unknown start: the total is of unknown start too, which is written as one that starts when it is seen.
    if (!known) table.starts[id] = startNs === 0n ? timeNs : startNs;
    table.times[id] = timeNs;
    table.periods[id] = table.period;
    this.#pass.setStart(slot, table.starts[id] as bigint);
    this.#counts.converted++;
  }
}

interface Turn {
  /** Whether there is a total to add to. */
  readonly known: boolean;
  readonly startNs: bigint;
  readonly timeNs: bigint;
}
