import type { Count, Exemplar, ExponentialHistogramValue, ValueType } from "./types.ts";

/** State of a slot in one scrape. */
export const ABSENT = 0;
export const PRESENT = 1;
/** The series ended: its point goes out once with the NO_RECORDED_VALUE flag. */
export const STALE = 2;

/**
 * Which slots of a column hold a value. The same object comes again while nothing changes, so whoever prepares
 * something for a (layout, presence) pair can keep it.
 */
export class Presence {
  /** Every slot is present. */
  static readonly ALL = new Presence(undefined);

  /** By slot: ABSENT, PRESENT or STALE; undefined when all are present. Not to be written to. */
  readonly states: Uint8Array | undefined;

  constructor(states: Uint8Array | undefined) {
    this.states = states;
  }

  at(slot: number): number {
    return this.states === undefined ? PRESENT : (this.states[slot] ?? ABSENT);
  }
}

/** In `startTimes`: the point has no start time, whatever the shared one is. */
export const NO_START = 2n ** 64n - 1n;
/** Both halves of it, as `wordsOf` gives them. */
export const NO_START_WORD = 2 ** 32 - 1;

/** What a number in a slot cannot say about its point; kept only for points that need it. Keyed by the point's slot. */
export interface PointExtras {
  readonly exemplars?: readonly Exemplar[];
  readonly flags?: number;
  readonly valueType?: ValueType;
  /** The exact value of an integer that a double cannot hold. */
  readonly integer?: bigint;
  readonly min?: number;
  readonly max?: number;
  /** Counts of a histogram or summary that doubles cannot hold, per bucket as in the public view. */
  readonly exactCounts?: { readonly count: Count; readonly buckets: readonly Count[] };
  readonly exponential?: ExponentialHistogramValue;
}

export interface ColumnInit {
  readonly values: Float64Array;
  readonly presence?: Presence;
  readonly timeNs: bigint;
  readonly startNs?: bigint;
  readonly times?: BigUint64Array | undefined;
  readonly startTimes?: BigUint64Array | undefined;
  readonly extras?: ReadonlyMap<number, PointExtras> | undefined;
}

/**
 * What changes from scrape to scrape: the values for one layout. Immutable once handed on, but *lent*: its arrays may
 * be used again for a later scrape when the `consume` call that carries it has settled. Whoever keeps a batch longer
 * calls {@link retain} first (asking for the public view does so by itself).
 */
export class Column {
  /** By slot. Longer than the layout's width where the buffer is a reused one. */
  readonly values: Float64Array;
  readonly presence: Presence;
  /** Time of all points without one of their own: nanoseconds since the Unix epoch. */
  readonly timeNs: bigint;
  /** Start time likewise; 0 when unknown. */
  readonly startNs: bigint;
  /** By slot, where points have times of their own; 0 = the shared one. May be the same array in many columns. */
  readonly times: BigUint64Array | undefined;
  /** Likewise; NO_START = none. */
  readonly startTimes: BigUint64Array | undefined;
  readonly extras: ReadonlyMap<number, PointExtras> | undefined;
  /** Shared by all columns over the same arrays. */
  #lease = { retained: false };

  constructor(init: ColumnInit) {
    this.values = init.values;
    this.presence = init.presence ?? Presence.ALL;
    this.timeNs = init.timeNs;
    this.startNs = init.startNs ?? 0n;
    this.times = init.times;
    this.startTimes = init.startTimes;
    this.extras = init.extras;
  }

  /** Takes the arrays out of reuse: they stay as they are for as long as somebody holds them. */
  retain(): void {
    this.#lease.retained = true;
  }

  get retained(): boolean {
    return this.#lease.retained;
  }

  timeAt(slot: number): bigint {
    return this.times?.[slot] || this.timeNs;
  }

  /** 0 when unknown. */
  startAt(slot: number): bigint {
    const own = this.startTimes?.[slot];
    return own === NO_START ? 0n : own || this.startNs;
  }

  /** A column over the same arrays, but for what is named. */
  with(changes: Partial<ColumnInit>): Column {
    const column = new Column({ ...this, ...changes });
    column.#lease = this.#lease;
    return column;
  }
}
