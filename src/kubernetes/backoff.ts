/** Delays that double from `minMs` to `maxMs`, each spread by half of itself to either side so that clients part. */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #failures = 0;

  /** @param random numbers from 0 to 1 */
  constructor(minMs: number, maxMs: number, random: () => number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** The delay after one more failure. */
  next(): number {
    const base = Math.min(this.#minMs * 2 ** Math.min(this.#failures++, 30), this.#maxMs);
    return this.spread(base);
  }

  spread(ms: number): number {
    return ms * (0.5 + this.#random());
  }

  reset(): void {
    this.#failures = 0;
  }
}
