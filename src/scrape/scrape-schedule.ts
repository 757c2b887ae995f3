import { createHash } from "node:crypto";
import type { Clock } from "../component/index.ts";

/** How far from its tick a scrape may begin and still carry the tick's time: 2 ms, at most 1 % of the interval. */
const MAX_SHIFT_MS = 2;

/**
 * Milliseconds until a target's first scrape: after `initialDelayMs`, at the next moment of the target's own phase.
 * The phase depends on `key` and the wall clock only, so that targets are spread over the interval and keep their place
 * when the process starts anew.
 */
export function firstDelay(key: string, intervalMs: number, initialDelayMs: number, nowMs: number): number {
  const offset = createHash("md5").update(key).digest().readUInt32LE(0) % intervalMs;
  const earliest = nowMs + initialDelayMs;
  const wait = (offset - (earliest % intervalMs) + intervalMs) % intervalMs;
  return initialDelayMs + wait;
}

export interface ScrapeScheduleOptions {
  readonly intervalMs: number;
  readonly firstDelayMs: number;
  readonly clock: Clock;
  /** One scrape, given its time. Must not reject. */
  readonly scrape: (timeMs: number) => Promise<void>;
  /** Ticks that came while the scrape before was under way. */
  readonly onSkipped: (ticks: number) => void;
}

/** Calls `scrape` every interval, one at a time. A tick that comes during a scrape is skipped, not made up for. */
export class ScrapeSchedule {
  readonly #options: ScrapeScheduleOptions;
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #nextTick = 0;
  /** Time of points that a scrape at the next tick has, if it begins on time. */
  #nextTime = 0;
  #scraped = false;

  constructor(options: ScrapeScheduleOptions) {
    this.#options = options;
  }

  /** Time of the points of the next scrape, or of the one that would be next when stopped. */
  get nextTime(): number {
    return this.#nextTime;
  }

  /** Whether there was a scrape. */
  get scraped(): boolean {
    return this.#scraped;
  }

  start(): void {
    const { clock, firstDelayMs } = this.#options;
    this.#nextTick = clock.monotonic() + firstDelayMs;
    this.#nextTime = Math.round(clock.now() + firstDelayMs);
    this.#wait();
  }

  /** No scrape begins from now on; resolves when the one under way is over. */
  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#running;
  }

  #wait(): void {
    const { clock } = this.#options;
    const delay = Math.max(0, this.#nextTick - clock.monotonic());
    this.#cancel = clock.schedule(delay, () => this.#tick());
  }

  #tick(): void {
    const { clock, intervalMs, scrape, onSkipped } = this.#options;
    const time = this.#alignedTime();
    if (this.#running === undefined) {
      this.#scraped = true;
      this.#running = scrape(time).finally(() => {
        this.#running = undefined;
      });
    } else {
      onSkipped(1);
    }
    this.#nextTick += intervalMs;
    this.#nextTime = time + intervalMs;
    const late = Math.floor((clock.monotonic() - this.#nextTick) / intervalMs) + 1;
    if (late > 0) {
      onSkipped(late);
      this.#nextTick += late * intervalMs;
      this.#nextTime += late * intervalMs;
    }
    this.#wait();
  }

  /** The tick's own time, so that points are evenly spaced, unless the scrape begins too far from it. */
  #alignedTime(): number {
    const now = this.#options.clock.now();
    const tolerance = Math.min(MAX_SHIFT_MS, this.#options.intervalMs / 100);
    return Math.abs(now - this.#nextTime) <= tolerance ? this.#nextTime : now;
  }
}
