import { Ring } from "./ring.ts";

/** The far end of a queue: what was put in comes out in that order, to whoever asked first. */
export class Outlet<T> {
  readonly #values = new Ring<T>();
  readonly #takers = new Ring<(value: T | undefined) => void>();
  #closed = false;

  /** Whether the next value goes to somebody at once. */
  get isAwaited(): boolean {
    return this.#takers.length > 0;
  }

  put(value: T): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#values.push(value);
    else taker(value);
  }

  /** The oldest value, as soon as there is one; undefined once the outlet is closed and empty. */
  take(): Promise<T | undefined> {
    const value = this.#values.shift();
    if (value !== undefined || this.#closed) return Promise.resolve(value);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Lets nobody wait any longer. */
  close(): void {
    this.#closed = true;
    for (let taker = this.#takers.shift(); taker !== undefined; taker = this.#takers.shift())
      taker(undefined);
  }

  /** Takes out all that is left. */
  drain(): T[] {
    const values: T[] = [];
    for (let value = this.#values.shift(); value !== undefined; value = this.#values.shift()) {
      values.push(value);
    }
    return values;
  }
}
