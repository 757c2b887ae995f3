import { ABSENT, type Column, PRESENT, subtractCounts, subtractExponential } from "../metrics/index.ts";
import { subtractExact } from "./counts.ts";
import type { Pass } from "./pass.ts";
import { StreamMemory } from "./stream-memory.ts";
import type { WholePlan } from "./stream-plans.ts";
import type { LayoutStreams } from "./streams.ts";
import { bucketFell, bucketsChanged, countsOf, wholeCells } from "./whole-histogram.ts";

/**
 * Where a total that does not say so began:
 * - `first_point`: when it was first seen;
 * - `subtract`: likewise, and what it was then is taken off it, so that it is what came since; the first point is dropped;
 * - `given`: when somebody else says.
 */
export type StartStrategy = "first_point" | "subtract" | "given";

export interface StartTimesOptions {
  readonly strategy: StartStrategy;
  /** Milliseconds after which a stream without points is forgotten. */
  readonly maxStalenessMs: number;
  /** With `given`: the start of a total of which nobody says it; nanoseconds since the Unix epoch. */
  readonly elseNs: bigint;
}

/** What became of the points of one batch. */
export class StartCounts {
  /** Totals that began with a first point. */
  started = 0;
  /** Totals that began anew. */
  resets = 0;
  /** Points of which nothing can be taken off. */
  dropped = 0;
}

/**
 * Gives running totals that have no start time one, and finds out when they are reset: when a number, a count or the
 * count of a bucket falls. Totals that have a start time pass as they are; stale ones, late ones and those that are no
 * numbers get the start of their stream (`subtract` drops the latter two, of which nothing can be taken off).
 */
export class StartTimes {
  readonly #memory: StreamMemory;
  readonly #strategy: StartStrategy;
  readonly #elseNs: bigint;
  // The batch under way.
  #pass!: Pass;
  #counts = new StartCounts();
  #given = unknownStart;

  constructor({ strategy, maxStalenessMs, elseNs }: StartTimesOptions) {
    this.#strategy = strategy;
    this.#elseNs = elseNs;
    // A second copy of every value for what was there at first.
    this.#memory = new StreamMemory({ maxStalenessMs, copies: strategy === "subtract" ? 2 : 1 });
  }

  /** Streams that are followed. */
  get streamCount(): number {
    return this.#memory.table.size;
  }

  /**
   * Hands on the column with start times; see `DeltaConverter.convert`.
   * @param given with the strategy `given`: asked when it is the batch's turn, for what tells since when the total of the
   *   point in a slot runs (0: unknown)
   */
  convert(
    streams: LayoutStreams,
    column: Column,
    nowMs: number,
    handOn: (result: Column, counts: StartCounts) => Promise<void>,
    given?: () => ((slot: number) => bigint) | undefined,
  ): Promise<void> {
    const counts = new StartCounts();
    const operation = (pass: Pass) => {
      this.#pass = pass;
      this.#counts = counts;
      this.#given = given?.() ?? unknownStart;
      this.#run();
    };
    return this.#memory.run(streams, column, nowMs, operation, (result) => handOn(result, counts));
  }

  #run(): void {
    const { plan } = this.#pass;
    for (const { slots, ids } of [plan.single, plan.shared]) {
      for (let i = 0; i < slots.length; i++) this.#number(ids[i] as number, slots[i] as number);
    }
    for (const histogram of plan.whole) this.#whole(histogram);
    const { slots, ids } = plan.exponentials;
    for (let i = 0; i < slots.length; i++) this.#exponential(ids[i] as number, slots[i] as number);
  }

  #number(id: number, slot: number): void {
    const { column, table, values } = this.#pass;
    const value = column.values[slot] as number;
    if (!this.#isNews(id, slot, Number.isFinite(value))) return;
    const extras = column.extras?.get(slot);
    const last = table.details.get(id)?.integer ?? (table.totals[id] as number);
    const total = extras?.integer ?? value;
    const begin = this.#begin(id, slot, total < last);
    this.#pass.save(id, this.#strategy === "subtract" ? 2 : 1);
    this.#advance(id, slot, begin);
    table.totals[id] = value;
    const { integer } = extras ?? {};
    this.#pass.setDetail(id, integer === undefined ? undefined : { integer });
    if (this.#strategy !== "subtract") return;
    if (begin !== "no") {
      table.totals[id + 1] = begin === "first" ? value : 0;
      this.#pass.setDetail(id + 1, integer === undefined || begin === "reset" ? undefined : { integer });
    }
    const base = table.details.get(id + 1)?.integer ?? (table.totals[id + 1] as number);
    const since = subtractCounts(total, base);
    values[slot] = Number(since);
    if (integer !== undefined) this.#pass.setExtras(slot, { ...extras, integer: BigInt(since) });
  }

  #whole(plan: WholePlan): void {
    const { column, table } = this.#pass;
    const { count, sum, buckets } = plan.slots;
    const { countCell, sumCell, bucketCell } = wholeCells(plan);
    if (!this.#isNews(plan.id, count, Number.isFinite(column.values[count]))) return;
    const exact = column.extras?.get(count)?.exactCounts;
    const before = table.details.get(countCell)?.counts;
    const changed = bucketsChanged(table, plan);
    let fell = changed
      ? (column.values[count] as number) < (table.totals[countCell] as number)
      : bucketFell(column.values, table.totals, plan);
    if (!changed && exact !== undefined && before !== undefined) {
      fell = subtractExact(exact, before) === undefined;
    }
    const isSubtracting = this.#strategy === "subtract";
    const begin = this.#begin(countCell, count, fell, changed);
    this.#pass.save(plan.id, isSubtracting ? plan.cells * 2 : plan.cells);
    this.#advance(countCell, count, begin);
    const cells: [slot: number, cell: number][] = [[count, countCell]];
    if (sum >= 0) cells.push([sum, sumCell]);
    buckets.forEach((slot, i) => {
      cells.push([slot, bucketCell + i]);
    });
    for (const [slot, cell] of cells) {
      const value = column.values[slot] as number;
      table.totals[cell] = value;
      if (!isSubtracting) continue;
      if (begin !== "no") table.totals[cell + plan.cells] = begin === "first" ? value : 0;
      this.#pass.values[slot] = value - (table.totals[cell + plan.cells] as number);
    }
    this.#pass.setDetail(countCell, exact && { counts: exact });
    if (isSubtracting) this.#subtractExact(plan, begin);
  }

  /** Counts that doubles cannot hold; and the extremes of the total, which are not those of what came since. */
  #subtractExact(plan: WholePlan, begin: Begin): void {
    const { column, table } = this.#pass;
    const { count } = plan.slots;
    const { countCell, bucketCell } = wholeCells(plan);
    const extras = column.extras?.get(count);
    const baseCell = countCell + plan.cells;
    if (begin !== "no") {
      const counts = begin === "first" ? extras?.exactCounts : undefined;
      this.#pass.setDetail(baseCell, counts && { counts });
    }
    if (extras === undefined) return;
    const { exactCounts, min: _, max: __, ...kept } = extras;
    const base =
      table.details.get(baseCell)?.counts ??
      countsOf(table.totals, baseCell, plan.slots.buckets.keys(), bucketCell + plan.cells);
    const since = exactCounts && subtractExact(exactCounts, base);
    this.#pass.setExtras(count, { ...kept, ...(since && { exactCounts: since }) });
  }

  #exponential(id: number, slot: number): void {
    const { column, table, values } = this.#pass;
    const extras = column.extras?.get(slot);
    const now = extras?.exponential;
    if (!this.#isNews(id, slot, now !== undefined) || now === undefined) return;
    const last = table.details.get(id)?.exponential;
    const fell = last !== undefined && subtractExponential(now, last) === undefined;
    const begin = this.#begin(id, slot, fell);
    this.#pass.save(id);
    this.#advance(id, slot, begin);
    this.#pass.setDetail(id, { exponential: now });
    if (this.#strategy !== "subtract") return;
    if (begin !== "no") this.#pass.setDetail(id + 1, begin === "first" ? { exponential: now } : undefined);
    const base = table.details.get(id + 1)?.exponential;
    if (base === undefined) return;
    const since = subtractExponential(now, base);
    if (since === undefined) return;
    const sum = now.sum !== undefined && base.sum !== undefined ? { sum: now.sum - base.sum } : {};
    values[slot] = Number(since.count);
    this.#pass.setExtras(slot, { ...extras, exponential: { ...since, ...sum } });
  }

  /** Whether the point is to be looked at. If not, it at least gets the start that its stream has. */
  #isNews(id: number, slot: number, isTotal: boolean): boolean {
    const { column, table } = this.#pass;
    const state = column.presence.at(slot);
    if (state === ABSENT || column.startAt(slot) !== 0n) return false;
    const lastNs = table.times[id] as bigint;
    const timeNs = column.timeAt(slot);
    if (state === PRESENT && isTotal && timeNs > lastNs) return true;
    if (state === PRESENT && this.#strategy === "subtract") {
      this.#pass.remove(slot);
      this.#counts.dropped++;
    } else if (lastNs !== 0n && timeNs - lastNs <= this.#memory.maxStalenessNs) {
      const startNs = table.starts[id] as bigint;
      if (startNs <= timeNs) this.#pass.setStart(slot, startNs);
    }
    return false;
  }

  /** Whether a total begins with the point. With other buckets than before it does, as a first one or after a reset. */
  #begin(id: number, slot: number, fell: boolean, changed = false): Begin {
    const { column, table } = this.#pass;
    const lastNs = table.times[id] as bigint;
    if (lastNs === 0n || column.timeAt(slot) - lastNs > this.#memory.maxStalenessNs) return "first";
    if (fell) return "reset";
    return changed ? "first" : "no";
  }

  #advance(id: number, slot: number, begin: Begin): void {
    const { table, column } = this.#pass;
    const timeNs = column.timeAt(slot);
    table.starts[id] = this.#startOf(id, slot, timeNs, begin);
    table.times[id] = timeNs;
    table.periods[id] = table.period;
    if (begin === "first") this.#counts.started++;
    if (begin === "reset") this.#counts.resets++;
    if (this.#strategy === "subtract" && begin === "first") this.#pass.remove(slot);
    else this.#pass.setStart(slot, table.starts[id] as bigint);
  }

  #startOf(id: number, slot: number, timeNs: bigint, begin: Begin): bigint {
    const { table } = this.#pass;
    const knownNs = table.starts[id] as bigint;
    if (this.#strategy === "given") {
      const saidNs = this.#given(slot) || (begin === "first" ? this.#elseNs : 0n);
      const givenNs = saidNs < timeNs ? saidNs : timeNs;
      if (begin === "first") return givenNs;
      // A reset that the given start does not explain is one of the total alone.
      if (begin === "reset") return givenNs > (table.times[id] as bigint) ? givenNs : timeNs;
      return givenNs > knownNs ? givenNs : knownNs;
    }
    if (begin === "no") return knownNs;
    // What a total counts since a reset came before the point, so it has to start before it.
    return begin === "reset" && this.#strategy === "subtract" ? timeNs - 1_000_000n : timeNs;
  }
}

function unknownStart(_slot: number): bigint {
  return 0n;
}

/** Whether a total begins with a point: as one never seen before, after a reset, or not at all. */
type Begin = "first" | "reset" | "no";
