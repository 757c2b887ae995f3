import type { Clock } from "../component/index.ts";

/** Writes a line with the points it stands for. */
type Write = (points: number) => void;

/**
 * One line a period for each key: the first event is logged at once, those that follow within the period together, in
 * the words of the last of them, when it ends.
 */
export class LogThrottle {
  readonly #clock: Clock;
  readonly #periodMs: number;
  readonly #open = new Map<string, { points: number; write: Write | undefined; cancel: () => void }>();

  constructor(clock: Clock, periodMs: number) {
    this.#clock = clock;
    this.#periodMs = periodMs;
  }

  report(key: string, points: number, write: Write): void {
    const entry = this.#open.get(key);
    if (entry === undefined) {
      write(points);
      this.#begin(key);
      return;
    }
    entry.points += points;
    entry.write = write;
  }

  /** Writes what is held back and stops all timers. */
  close(): void {
    for (const { points, write, cancel } of this.#open.values()) {
      cancel();
      write?.(points);
    }
    this.#open.clear();
  }

  #begin(key: string): void {
    const cancel = this.#clock.schedule(this.#periodMs, () => {
      const entry = this.#open.get(key);
      this.#open.delete(key);
      if (entry?.write === undefined) return;
      entry.write(entry.points);
      this.#begin(key);
    });
    this.#open.set(key, { points: 0, write: undefined, cancel });
  }
}
