import type { ParseResult } from "../exposition/index.ts";
import { ABSENT, type Layout, PRESENT, Presence, STALE } from "../metrics/index.ts";
import { type Composite, isSound, slotsOf } from "./composite-series.ts";
import { ExplicitTimes, type TimestampDrops } from "./explicit-times.ts";
import { type KnownSeries, repeatedSlots } from "./known-series.ts";
import { LayoutBuilder, type LayoutBuilderOptions } from "./layout-builder.ts";
import {
  CreatedTimes,
  type Exponentials,
  exponentialsOf,
  type PointDetails,
  pointExtras,
} from "./point-details.ts";

/** What one scrape says about every slot. */
export interface Frame extends PointDetails {
  readonly layout: Layout;
  readonly presence: Presence;
  /** The first slot of the scraper's own gauges. */
  readonly ownSlot: number;
  /** Whether points have times of their own. */
  readonly timed: boolean;
  /** Series that the last readable body did not have. */
  readonly seriesAdded: number;
  /** Histogram and summary points, and samples fitting no type, that were left out. */
  readonly malformed: number;
  /** Samples of a series that another sample of the body gave already. */
  readonly shadowed: number;
  readonly timestamps: TimestampDrops;
}

export interface ScrapedSeriesOptions extends LayoutBuilderOptions {
  /** Whether timestamps in the body count; else all samples have the time of the scrape. */
  readonly honorTimestamps: boolean;
  /** Whether series whose points have times of their own get stale markers too. */
  readonly trackTimestampsStaleness: boolean;
}

const noDrops: TimestampDrops = { duplicate: 0, outOfOrder: 0, future: 0 };
const nothing = { timed: false, seriesAdded: 0, malformed: 0, shadowed: 0, timestamps: noDrops } as const;

/** A sample that gives way to an earlier one of the same series. Only while a frame is made. */
const SHADOWED = 0xff;

/**
 * Which series of a target are there, and which have ended: the rules of a Prometheus scrape, on slots.
 *
 * - In a good scrape, a series that was there before and is not now gets one stale marker.
 * - In a failed one every series does, except those that were read before the body turned out bad: theirs waits for the
 *   next scrape.
 * - Points with timestamps of their own get no markers unless `trackTimestampsStaleness` says so.
 * - Repeats (several slots of one series) end together, with one marker.
 * - A series is "there" when its point was passed on and taken: {@link commit} says so. What the pipeline refused is as
 *   if it had not been sent, so a refused marker comes again and a series that never arrived never gets one.
 */
export class ScrapedSeries {
  readonly #options: ScrapedSeriesOptions;
  readonly #builder: LayoutBuilder;
  readonly #ownGauges: number;
  readonly #ownOnly: Layout;
  readonly #explicit = new ExplicitTimes();
  readonly #created = new CreatedTimes();
  /** 1 = downstream has this series as living. */
  #live = new Uint8Array(0);
  /** 1 = the last readable body had it. */
  #previous = new Uint8Array(0);
  #scratch = new Uint8Array(0);
  #presence = Presence.ALL;
  /** Set while another body with the same series can have nothing but the same presence. */
  #settled = false;
  #frame: Frame | undefined;
  #startOver = false;
  /** Samples of the last readable body that fit no metric. */
  #strays = 0;
  /** Samples of the last readable body that gave way to others. */
  #shadowed = 0;
  /** Slots that are one series each. */
  #repeats: readonly (readonly number[])[] = [];

  constructor(options: ScrapedSeriesOptions) {
    this.#options = options;
    this.#builder = new LayoutBuilder(options);
    this.#ownOnly = this.#builder.layout;
    this.#ownGauges = options.ownGauges.length;
  }

  /** Number of scraped slots the layout knows. */
  get width(): number {
    return this.#builder.scrapedWidth;
  }

  /** Metadata or families of series may have changed in a body that was not passed to {@link succeed}. */
  metadataChanged(): void {
    this.#startOver = true;
  }

  /**
   * A good body. `times` gives a zeroed array of `length` slots, for when points have times of their own.
   */
  succeed(
    result: ParseResult,
    known: KnownSeries,
    scrapeTimeMs: number,
    times: (length: number) => BigUint64Array,
  ): Frame {
    const builder = this.#builder;
    const explicit = this.#options.honorTimestamps ? result.timestamps : undefined;
    this.#explicit.discard();
    const exponentials = exponentialsOf(result.natives);
    if (this.#settled && result.sameSeries && !result.metadataChanged && explicit === undefined) {
      if (this.#allSound(result, exponentials)) {
        const same = {
          layout: builder.layout,
          presence: this.#presence,
          ownSlot: builder.scrapedWidth,
          ...nothing,
          ...this.#details(result, exponentials, scrapeTimeMs, undefined),
          malformed: this.#strays,
          shadowed: this.#shadowed,
        };
        this.#frame = same;
        return same;
      }
    }
    this.#settled = false;
    const startOver = this.#startOver || result.metadataChanged;
    this.#startOver = false;
    if (builder.update(known, startOver)) this.#repeats = repeatedSlots(known.entries);
    builder.fitParts(result.seen);
    const width = builder.scrapedWidth;
    this.#grow(width);
    const states = this.#scratch;
    this.#shadowed = this.#settleRepeats(result.seen, explicit);
    const seriesAdded = this.#mark(result.seen, known.entries, width);
    let timestamps = noDrops;
    if (explicit !== undefined) {
      const own = times(width + this.#ownGauges);
      timestamps = this.#explicit.apply(explicit, known.entries, states, own, scrapeTimeMs);
    }
    this.#strays = builder.strays.reduce((count, slot) => count + (result.seen[slot] as number), 0);
    const malformed = this.#strays + this.#dropUnsound(result, exponentials, explicit);
    return this.#finish({
      ...this.#details(result, exponentials, scrapeTimeMs, explicit),
      layout: builder.layout,
      ownSlot: width,
      timed: explicit !== undefined,
      seriesAdded,
      malformed,
      shadowed: this.#shadowed,
      timestamps,
    });
  }

  /**
   * A scrape without a good body.
   * @param read 1 = read before the error
   */
  fail(read: Uint8Array | undefined): Frame {
    if (this.#endLiving(read))
      return this.#finish({ layout: this.#builder.layout, ownSlot: this.width, ...nothing });
    const frame: Frame = { layout: this.#ownOnly, presence: Presence.ALL, ownSlot: 0, ...nothing };
    this.#frame = frame;
    return frame;
  }

  /** The target is gone: everything ends, the scraper's own gauges as well. */
  end(): Frame {
    const any = this.#endLiving(undefined);
    const frame = {
      layout: any ? this.#builder.layout : this.#ownOnly,
      ownSlot: any ? this.width : 0,
      ...nothing,
    };
    return this.#finish(frame, STALE);
  }

  /** The pipeline has taken the last frame. */
  commit(): void {
    const frame = this.#frame;
    this.#frame = undefined;
    if (frame === undefined || this.#settled || frame.ownSlot === 0) return;
    const { presence, ownSlot } = frame;
    let ended = 0;
    for (let slot = 0; slot < ownSlot; slot++) {
      const state = presence.at(slot);
      if (state === PRESENT) this.#live[slot] = 1;
      else if (state === STALE) {
        this.#live[slot] = 0;
        ended += 1;
      }
    }
    if (!this.#options.trackTimestampsStaleness) {
      for (const slot of this.#explicit.passed) this.#live[slot] = 0;
    }
    this.#explicit.commit();
    // Whatever was dropped for a reason may be good next time, and a marker goes out once.
    this.#settled =
      !frame.timed && ended === 0 && frame.malformed === this.#strays && this.#isSteady(ownSlot);
  }

  /** The table renumbered its slots: `slots` gives the new one of each old one, -1 for a dropped one. */
  renumber(slots: Int32Array, known: KnownSeries): void {
    const live = new Uint8Array(this.#live.length);
    const previous = new Uint8Array(this.#live.length);
    for (let slot = 0; slot < this.#live.length; slot++) {
      const to = slots[slot] ?? -1;
      if (to < 0) continue;
      live[to] = this.#live[slot] as number;
      previous[to] = this.#previous[slot] as number;
    }
    this.#live = live;
    this.#previous = previous;
    this.#settled = false;
    this.#builder.update(known, true);
    this.#repeats = repeatedSlots(known.entries);
  }

  /** Marks what is living and was not read as ended. Returns whether anything is. */
  #endLiving(read: Uint8Array | undefined): boolean {
    this.#settled = false;
    this.#explicit.discard();
    const { width } = this;
    const states = this.#scratch;
    for (const slots of this.#repeats) this.#endTogether(slots, (slot) => read?.[slot] === 1);
    let any = false;
    for (let slot = 0; slot < width; slot++) {
      const ends = this.#live[slot] === 1 && read?.[slot] !== 1;
      states[slot] = ends ? STALE : ABSENT;
      any ||= ends;
    }
    return any;
  }

  /**
   * Decides which sample of a series counts where a body has several without times: the first. Returns how many give
   * way; their slots are marked in the scratch states.
   */
  #settleRepeats(seen: Uint8Array, timestamps: Float64Array | undefined): number {
    const states = this.#scratch;
    let shadowed = 0;
    for (const slots of this.#repeats) {
      let taken = false;
      for (const slot of slots) {
        states[slot] = ABSENT;
        if (seen[slot] !== 1 || (timestamps !== undefined && !Number.isNaN(timestamps[slot]))) continue;
        if (taken) {
          states[slot] = SHADOWED;
          shadowed += 1;
        }
        taken = true;
      }
      this.#endTogether(slots, (slot) => seen[slot] === 1 && states[slot] !== SHADOWED);
    }
    return shadowed;
  }

  /** A series in several slots lives on in one that is here; when none is, one of them ends it. */
  #endTogether(slots: readonly number[], isHere: (slot: number) => boolean): void {
    const live = this.#live;
    if (!slots.some((slot) => live[slot] === 1)) return;
    const heir = slots.find(isHere) ?? slots.find((slot) => live[slot] === 1);
    for (const slot of slots) live[slot] = slot === heir ? 1 : 0;
  }

  #details(
    result: ParseResult,
    exponentials: Exponentials,
    scrapeTimeMs: number,
    explicit: Float64Array | undefined,
  ): PointDetails {
    const builder = this.#builder;
    const timeOf = (slot: number) => {
      const own = explicit?.[slot] ?? Number.NaN;
      // Also for a time that is none: its point is dropped.
      return own > 0 && own < Number.MAX_SAFE_INTEGER ? own : scrapeTimeMs;
    };
    return {
      startTimes:
        result.startTimes ??
        this.#created.update(builder.createdPoints, this.width + this.#ownGauges, result),
      extras: pointExtras(result, exponentials, builder, timeOf),
    };
  }

  #allSound({ values, seen }: ParseResult, exponentials: Exponentials): boolean {
    for (const slot of this.#builder.natives) {
      if (seen[slot] === 1 && exponentials.get(slot) === undefined) return false;
    }
    for (const { type, composite } of this.#builder.composites) {
      if (seen[composite.count] === 1 && !isSound(values, composite, type)) return false;
    }
    return true;
  }

  /** Takes points out that cannot be. Returns how many. */
  #dropUnsound(
    { values, seen }: ParseResult,
    exponentials: Exponentials,
    timestamps: Float64Array | undefined,
  ): number {
    const states = this.#scratch;
    let dropped = 0;
    for (const slot of this.#builder.natives) {
      if (states[slot] !== PRESENT || exponentials.get(slot) !== undefined) continue;
      states[slot] = ABSENT;
      dropped += 1;
    }
    for (const { type, composite } of this.#builder.composites) {
      const { count } = composite;
      const good =
        seen[count] === 1 &&
        isSound(values, composite, type) &&
        (timestamps === undefined || haveOneTime(composite, seen, timestamps));
      if (good && states[count] === PRESENT) continue;
      let there = false;
      for (const slot of slotsOf(composite)) {
        if (states[slot] !== PRESENT) continue;
        states[slot] = ABSENT;
        there = true;
      }
      if (there && !good) dropped += 1;
    }
    return dropped;
  }

  #mark(seen: Uint8Array, entries: KnownSeries["entries"], width: number): number {
    const [live, previous, states] = [this.#live, this.#previous, this.#scratch];
    let added = 0;
    for (let slot = 0; slot < width; slot++) {
      const here = seen[slot] === 1 && states[slot] !== SHADOWED && entries[slot] !== undefined;
      states[slot] = here ? PRESENT : live[slot] === 1 ? STALE : ABSENT;
      if (here && previous[slot] === 0) added += 1;
      previous[slot] = here ? 1 : 0;
    }
    return added;
  }

  /** Finds the presence of the states at hand: the last one, if it is the same again. */
  #finish(frame: Omit<Frame, "presence">, own: typeof PRESENT | typeof STALE = PRESENT): Frame {
    const width = frame.ownSlot + this.#ownGauges;
    if (this.#scratch.length < width) this.#grow(frame.ownSlot);
    this.#scratch.fill(own, frame.ownSlot, width);
    const states = this.#scratch.subarray(0, width);
    const last = this.#presence.states;
    if (!states.includes(ABSENT) && !states.includes(STALE)) this.#presence = Presence.ALL;
    else if (last === undefined || Buffer.compare(last, states) !== 0)
      this.#presence = new Presence(states.slice());
    this.#frame = { ...frame, presence: this.#presence };
    return this.#frame;
  }

  /** Whether what is there is exactly what is living. */
  #isSteady(width: number): boolean {
    const { states } = this.#presence;
    if (states === undefined) return true;
    for (let slot = 0; slot < width; slot++) {
      if ((states[slot] === PRESENT) !== (this.#live[slot] === 1)) return false;
      if ((states[slot] === PRESENT) !== (this.#previous[slot] === 1)) return false;
    }
    return true;
  }

  #grow(width: number): void {
    const needed = width + this.#ownGauges;
    if (this.#scratch.length >= needed) return;
    const capacity = Math.ceil(needed * 1.25);
    this.#scratch = new Uint8Array(capacity);
    this.#live = grown(this.#live, capacity);
    this.#previous = grown(this.#previous, capacity);
  }
}

function haveOneTime(composite: Composite, seen: Uint8Array, timestamps: Float64Array): boolean {
  const time = timestamps[composite.count];
  for (const slot of slotsOf(composite)) {
    if (seen[slot] === 1 && !Object.is(timestamps[slot], time)) return false;
  }
  return true;
}

function grown(array: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(length);
  result.set(array);
  return result;
}
