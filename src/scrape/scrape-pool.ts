import type { Clock, ReportStatus } from "../component/index.ts";
import { firstDelay, ScrapeSchedule } from "./scrape-schedule.ts";
import type { ScrapeTarget } from "./scrape-target.ts";

/** After how many intervals without a scrape a target that was taken out is taken for gone. */
const END_AFTER_INTERVALS = 1.1;

/** A target that is to be scraped. */
export interface PoolTarget {
  /** Equal keys are the same target. Its phase within the interval is derived from it too. */
  readonly key: string;
  /**
   * What its series are known by downstream, such as job and instance. Default: the key. Where another target with the
   * same identity is scraped, the series of one that was taken out do not end.
   */
  readonly identity?: string;
  readonly intervalMs: number;
  create(hooks: TargetHooks): ScrapeTarget;
}

/** To be handed on to the `ScrapeTarget`. */
export interface TargetHooks {
  /** Fires when the target is done with: it has left, or the time for draining is over. */
  readonly signal: AbortSignal;
  readonly onOutcome: (error: unknown) => void;
}

export interface ScrapePoolOptions {
  readonly clock: Clock;
  /** Least time before the first scrape of a new target. */
  readonly initialDelayMs: number;
  /** Ticks that came while the scrape before was under way. */
  readonly onSkipped: (ticks: number) => void;
  /** Told "ok" while any target can be scraped, "recoverable_error" while none can. */
  readonly reportStatus: ReportStatus;
}

interface Running {
  readonly key: string;
  readonly identity: string;
  readonly intervalMs: number;
  readonly target: ScrapeTarget;
  readonly schedule: ScrapeSchedule;
  readonly abort: AbortController;
}

/**
 * The targets of a receiver as they come and go, each scraped on a schedule of its own. A target that stays is not
 * touched. One that goes has its series and report gauges ended by stale markers, with the time that its next scrape
 * would have had and a little after it: it may have been taken out by mistake, or come back under another key.
 */
export class ScrapePool {
  readonly #options: ScrapePoolOptions;
  #running = new Map<string, Running>();
  /** By key, whether the last scrape failed. */
  readonly #failed = new Map<string, boolean>();
  readonly #leaving = new Map<Running, Promise<void>>();
  readonly #cancelEnds = new Set<() => void>();
  #closed = false;

  constructor(options: ScrapePoolOptions) {
    this.#options = options;
  }

  /** Number of targets. */
  get size(): number {
    return this.#running.size;
  }

  /** These are the targets from now on. Of several with one key the first counts. */
  sync(targets: Iterable<PoolTarget>): void {
    if (this.#closed) return;
    const before = this.#running;
    const after = new Map<string, Running>();
    for (const target of targets) {
      if (!after.has(target.key)) after.set(target.key, before.get(target.key) ?? this.#start(target));
    }
    this.#running = after;
    for (const [key, running] of before) {
      if (after.has(key)) continue;
      this.#failed.delete(key);
      const left = this.#leave(running).finally(() => {
        this.#leaving.delete(running);
        running.abort.abort();
      });
      this.#leaving.set(running, left);
    }
  }

  /** Waits for the scrapes under way, for `drainMs` at most. Nothing ends downstream: another process may go on. */
  async close(drainMs: number): Promise<void> {
    this.#closed = true;
    const all = [...this.#running.values(), ...this.#leaving.keys()];
    const abort = (): void => {
      for (const running of all) running.abort.abort();
    };
    const cancel = this.#options.clock.schedule(drainMs, abort);
    const stopping = [...this.#running.values()].map(({ schedule }) => schedule.stop());
    this.#running = new Map();
    for (const cancelEnd of this.#cancelEnds) cancelEnd();
    await Promise.all([...stopping, ...this.#leaving.values()]);
    cancel();
    abort();
  }

  #start({ key, identity = key, intervalMs, create }: PoolTarget): Running {
    const { clock, initialDelayMs, onSkipped } = this.#options;
    const abort = new AbortController();
    const target = create({ signal: abort.signal, onOutcome: (error) => this.#outcome(key, error) });
    const schedule = new ScrapeSchedule({
      intervalMs,
      firstDelayMs: firstDelay(key, intervalMs, initialDelayMs, clock.now()),
      clock,
      scrape: (timeMs) => target.scrape(timeMs),
      onSkipped,
    });
    schedule.start();
    return { key, identity, intervalMs, target, schedule, abort };
  }

  async #leave({ identity, intervalMs, target, schedule }: Running): Promise<void> {
    const { clock } = this.#options;
    await schedule.stop();
    const { nextTime } = schedule;
    if (!schedule.scraped || this.#closed) return;
    const wait = Math.max(0, nextTime - clock.now()) + END_AFTER_INTERVALS * intervalMs;
    const due = await new Promise<boolean>((resolve) => {
      const settle = (result: boolean) => {
        this.#cancelEnds.delete(cancelEnd);
        resolve(result);
      };
      const cancel = clock.schedule(wait, () => settle(true));
      const cancelEnd = () => {
        cancel();
        settle(false);
      };
      this.#cancelEnds.add(cancelEnd);
    });
    if (due && ![...this.#running.values()].some((other) => other.identity === identity)) {
      await target.end(nextTime);
    }
  }

  #outcome(key: string, error: unknown): void {
    if (!this.#running.has(key)) return;
    this.#failed.set(key, error !== undefined);
    const anyWorks = [...this.#failed.values()].includes(false);
    this.#options.reportStatus(anyWorks ? { status: "ok" } : { status: "recoverable_error", error });
  }
}
