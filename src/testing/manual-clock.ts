import type { Clock } from "../component/index.ts";

/** A clock that moves when it is told to. Scheduled tasks run in the order of their times, each at its own time. */
export class ManualClock implements Clock {
  #now: number;
  #tasks: { readonly at: number; readonly task: () => void }[] = [];

  /** @param now milliseconds since the Unix epoch */
  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  schedule(delayMs: number, task: () => void): () => void {
    const entry = { at: this.#now + delayMs, task };
    this.#tasks.push(entry);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry);
    };
  }

  /** When the next scheduled task is to run; undefined when there is none. */
  get next(): number | undefined {
    return this.#tasks.length === 0 ? undefined : Math.min(...this.#tasks.map(({ at }) => at));
  }

  /** Goes forward; what the tasks started has a chance to run on before the next one. */
  async advanceTo(time: number): Promise<void> {
    for (;;) {
      const next = this.#tasks.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > time) break;
      this.#tasks = this.#tasks.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.task();
      await settle();
    }
    this.#now = Math.max(this.#now, time);
    await settle();
  }
}

function settle(): Promise<void> {
  return new Promise((done) => setImmediate(done));
}
