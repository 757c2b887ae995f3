import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../src/component/index.ts";

/** A clock that stands still until told to advance; promises get their turn after each timer. */
export class FakeClock implements Clock {
  #now = 1_700_000_000_000;
  readonly #timers = new Set<{ readonly at: number; readonly task: () => void }>();

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  schedule(delayMs: number, task: () => void): () => void {
    const timer = { at: this.#now + delayMs, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  async advance(ms: number): Promise<void> {
    const target = this.#now + ms;
    await setImmediate();
    for (let next = this.#next(target); next !== undefined; next = this.#next(target)) {
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next);
      next.task();
      await setImmediate();
    }
    this.#now = target;
  }

  #next(target: number) {
    const due = [...this.#timers].filter(({ at }) => at <= target);
    return due.sort((a, b) => a.at - b.at)[0];
  }
}
