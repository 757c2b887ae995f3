import type { ParseResult } from "../exposition/index.ts";
import { ABSENT, type Layout, PRESENT, Presence, STALE } from "../metrics/index.ts";
import { type Composite, isSound, slotsOf } from "./composite-series.ts";
import { ExplicitTimes, type TimestampDrops } from "./explicit-times.ts";
import { type KnownSeries, LayoutBuilder, type LayoutBuilderOptions } from "./layout-builder.ts";

/** What one scrape says about every slot. */
export interface Frame {
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
  readonly timestamps: TimestampDrops;
}

const noDrops: TimestampDrops = { duplicate: 0, outOfOrder: 0, future: 0 };
const nothing = { timed: false, seriesAdded: 0, malformed: 0, timestamps: noDrops } as const;

/**
 * Which series of a target are there, and which have ended: the rules of a Prometheus scrape, on slots.
 *
 * - In a good scrape, a series that was there before and is not now gets one stale marker.
 * - In a failed one every series does, except those that were read before the body turned out bad: theirs waits for the
 *   next scrape.
 * - Points with timestamps of their own get no markers (`track_timestamps_staleness: false`).
 * - A series is "there" when its point was passed on and taken: {@link commit} says so. What the pipeline refused is as
 *   if it had not been sent, so a refused marker comes again and a series that never arrived never gets one.
 */
export class ScrapedSeries {
  readonly #builder: LayoutBuilder;
  readonly #ownGauges: number;
  readonly #ownOnly: Layout;
  readonly #explicit = new ExplicitTimes();
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

  constructor(options: LayoutBuilderOptions) {
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
    this.#explicit.discard();
    if (this.#settled && result.sameSeries && !result.metadataChanged && result.timestamps === undefined) {
      if (this.#allSound(result)) {
        const same = {
          layout: builder.layout,
          presence: this.#presence,
          ownSlot: builder.scrapedWidth,
          ...nothing,
          malformed: this.#strays,
        };
        this.#frame = same;
        return same;
      }
    }
    this.#settled = false;
    builder.update(known, this.#startOver || result.metadataChanged);
    this.#startOver = false;
    builder.fitParts(result.seen);
    const width = builder.scrapedWidth;
    this.#grow(width);
    const states = this.#scratch;
    const seriesAdded = this.#mark(result.seen, width);
    let timestamps = noDrops;
    if (result.timestamps !== undefined) {
      const own = times(width + this.#ownGauges);
      timestamps = this.#explicit.apply(result.timestamps, known.entries, states, own, scrapeTimeMs);
    }
    this.#strays = builder.strays.reduce((count, slot) => count + (result.seen[slot] as number), 0);
    const malformed = this.#strays + this.#dropUnsound(result);
    return this.#finish({
      layout: builder.layout,
      ownSlot: width,
      timed: result.timestamps !== undefined,
      seriesAdded,
      malformed,
      timestamps,
    });
  }

  /**
   * A scrape without a good body.
   * @param read 1 = read before the error
   */
  fail(read: Uint8Array | undefined): Frame {
    this.#settled = false;
    this.#explicit.discard();
    const width = this.#builder.scrapedWidth;
    const states = this.#scratch;
    let ended = 0;
    for (let slot = 0; slot < width; slot++) {
      const ends = this.#live[slot] === 1 && read?.[slot] !== 1;
      states[slot] = ends ? STALE : ABSENT;
      if (ends) ended += 1;
    }
    if (ended > 0) return this.#finish({ layout: this.#builder.layout, ownSlot: width, ...nothing });
    const frame: Frame = { layout: this.#ownOnly, presence: Presence.ALL, ownSlot: 0, ...nothing };
    this.#frame = frame;
    return frame;
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
    for (const slot of this.#explicit.passed) this.#live[slot] = 0;
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
  }

  #allSound({ values, seen }: ParseResult): boolean {
    for (const { type, composite } of this.#builder.composites) {
      if (seen[composite.count] === 1 && !isSound(values, composite, type)) return false;
    }
    return true;
  }

  /** Takes points out that cannot be. Returns how many. */
  #dropUnsound({ values, seen, timestamps }: ParseResult): number {
    const states = this.#scratch;
    let dropped = 0;
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

  #mark(seen: Uint8Array, width: number): number {
    const [live, previous, states] = [this.#live, this.#previous, this.#scratch];
    let added = 0;
    for (let slot = 0; slot < width; slot++) {
      const here = seen[slot] === 1;
      states[slot] = here ? PRESENT : live[slot] === 1 ? STALE : ABSENT;
      if (here && previous[slot] === 0) added += 1;
      previous[slot] = here ? 1 : 0;
    }
    return added;
  }

  /** Finds the presence of the states at hand: the last one, if it is the same again. */
  #finish(frame: Omit<Frame, "presence">): Frame {
    const width = frame.ownSlot + this.#ownGauges;
    this.#scratch.fill(PRESENT, frame.ownSlot, width);
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
