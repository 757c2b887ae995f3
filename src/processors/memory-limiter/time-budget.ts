/** Of the time that may go into one kind of work. */
const MAX_SHARE = 0.1;

/** For work that stops everything else: what took long is not done again soon. */
export class TimeBudget {
  /** Milliseconds. */
  readonly #now: () => number;
  #endedAt = Number.NEGATIVE_INFINITY;
  #tookMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether it is time again, not before `minIntervalMs` have passed since the last time. */
  allows(minIntervalMs = 0): boolean {
    const rest = this.#tookMs / MAX_SHARE - this.#tookMs;
    return this.#now() - this.#endedAt >= Math.max(minIntervalMs, rest);
  }

  run(work: () => void): void {
    const startedAt = this.#now();
    work();
    this.#endedAt = this.#now();
    this.#tookMs = this.#endedAt - startedAt;
  }
}
