import type { RetryConfig } from "./config.ts";

/** The waits between attempts: growing by `multiplier` up to `max_interval`, each varied by ±`randomization_factor`. */
export class Backoff {
  readonly #config: RetryConfig;
  readonly #random: () => number;
  #interval: number;

  /** `random` gives numbers from 0 up to, not including, 1. */
  constructor(config: RetryConfig, random: () => number) {
    this.#config = config;
    this.#random = random;
    this.#interval = config.initial_interval;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const { multiplier, max_interval, randomization_factor } = this.#config;
    const interval = this.#interval;
    this.#interval = Math.min(interval * multiplier, max_interval);
    return interval * (1 + randomization_factor * (2 * this.#random() - 1));
  }
}
