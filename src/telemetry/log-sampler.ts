export interface LogSampling {
  /** Lines of one message that are written in each period; then only every `thereafter`th. */
  readonly initial: number;
  /** 0: none after the first ones. */
  readonly thereafter: number;
  /** Length of a period in milliseconds. */
  readonly tickMs: number;
  /** Milliseconds that never jump. */
  readonly now: () => number;
}

/** More different messages than this in one period come from texts that are not constant. */
const MAX_KEYS = 10_000;

/** Decides which lines of a message that comes again and again are written, as the Collector's logger does. */
export class LogSampler {
  readonly #sampling: LogSampling;
  #counts = new Map<string, number>();
  #endsAt = Number.NEGATIVE_INFINITY;

  constructor(sampling: LogSampling) {
    this.#sampling = sampling;
  }

  passes(key: string): boolean {
    const { initial, thereafter, tickMs, now } = this.#sampling;
    const time = now();
    if (time >= this.#endsAt || this.#counts.size >= MAX_KEYS) {
      this.#counts.clear();
      this.#endsAt = time + tickMs;
    }
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return count <= initial || (thereafter > 0 && (count - initial) % thereafter === 0);
  }
}
