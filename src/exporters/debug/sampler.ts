import type { Clock } from "../../component/index.ts";

const PERIOD_MS = 1000;

/** Of the events in each second: the first `initial`, then every `thereafter`-th (none if 0). */
export class Sampler {
  readonly #clock: Clock;
  readonly #initial: number;
  readonly #thereafter: number;
  #periodEnd = Number.NEGATIVE_INFINITY;
  #seen = 0;

  constructor(clock: Clock, initial: number, thereafter: number) {
    this.#clock = clock;
    this.#initial = initial;
    this.#thereafter = thereafter;
  }

  /** Whether this event is one to show. */
  take(): boolean {
    const now = this.#clock.monotonic();
    if (now >= this.#periodEnd) {
      this.#periodEnd = now + PERIOD_MS;
      this.#seen = 0;
    }
    this.#seen++;
    const further = this.#seen - this.#initial;
    return further <= 0 || (this.#thereafter > 0 && further % this.#thereafter === 0);
  }
}
