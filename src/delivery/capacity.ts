import { PermanentError, RetryableError } from "../component/index.ts";

export interface CapacityOptions {
  /** How much there is room for. */
  readonly limit: number;
  /** What the limit counts, for messages. */
  readonly unit: string;
  /** A lack of room lets `admit` wait instead of refusing. */
  readonly blocking: boolean;
}

interface Waiting {
  readonly size: number;
  readonly enter: () => void;
  readonly admitted: () => void;
  readonly refused: (error: Error) => void;
}

/** The room in a queue, and who waits for it. */
export class Capacity {
  readonly limit: number;
  readonly #unit: string;
  #blocking: boolean;
  /** In the order they came. */
  readonly #waiting = new Set<Waiting>();
  #used = 0;
  #closed = false;

  constructor({ limit, unit, blocking }: CapacityOptions) {
    this.limit = limit;
    this.#unit = unit;
    this.#blocking = blocking;
  }

  get used(): number {
    return this.#used;
  }

  /** Why `admit` would refuse whatever it got now; undefined if it might not. */
  get refusal(): RetryableError | undefined {
    if (this.#closed) return new RetryableError("sending queue is closed: the exporter shuts down");
    if (this.#blocking || this.#used < this.limit) return undefined;
    return this.#full();
  }

  /**
   * Takes `size` of the room and calls `enter` at once when it has it, so that what enters does so in the order of
   * admission. First come, first served: a small one does not overtake a large one that waits.
   * @param gone ends the wait: whoever brought it no longer waits for an answer
   * @throws RetryableError: full, closed, or `gone` while it waited; PermanentError: more than the limit
   */
  async admit(size: number, enter: () => void, gone?: AbortSignal): Promise<void> {
    if (this.#closed) throw this.refusal;
    if (size > this.limit) {
      throw new PermanentError(
        `element size too large: ${size} ${this.#unit}, the sending queue holds ${this.limit}`,
      );
    }
    if (this.#waiting.size === 0 && this.#fits(size)) {
      this.#used += size;
      enter();
      return;
    }
    if (!this.#blocking) throw this.#full();
    await this.#wait(size, enter, gone);
  }

  /** For what is there already, even if it is more than the limit. */
  occupy(size: number): void {
    this.#used += size;
  }

  release(size: number): void {
    this.#used -= size;
    this.#admitNext();
  }

  #admitNext(): void {
    for (const next of this.#waiting) {
      if (!this.#fits(next.size)) return;
      this.#waiting.delete(next);
      this.#used += next.size;
      next.enter();
      next.admitted();
    }
  }

  /** Refuses who waits, and from now on whom there is no room for. */
  stopWaiting(): void {
    this.#blocking = false;
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      next.refused(this.#full());
    }
  }

  /** Refuses everybody. */
  close(): void {
    this.stopWaiting();
    this.#closed = true;
  }

  async #wait(size: number, enter: () => void, gone: AbortSignal | undefined): Promise<void> {
    if (gone?.aborted) throw senderGone(gone);
    const { promise, resolve: admitted, reject: refused } = Promise.withResolvers<void>();
    const waiting = { size, enter, admitted, refused };
    this.#waiting.add(waiting);
    const leave = () => {
      this.#waiting.delete(waiting);
      refused(senderGone(gone));
      // It may have held up smaller ones behind it.
      this.#admitNext();
    };
    gone?.addEventListener("abort", leave, { once: true });
    try {
      await promise;
    } finally {
      gone?.removeEventListener("abort", leave);
    }
  }

  #full(): RetryableError {
    return new RetryableError(`sending queue is full: it holds ${this.#used} of ${this.limit} ${this.#unit}`);
  }

  #fits(size: number): boolean {
    return this.#used + size <= this.limit;
  }
}

/** Nobody waits for the answer any more, so nobody is told that the data was taken, and it may come once more. */
export function senderGone(signal: AbortSignal | undefined): RetryableError {
  return new RetryableError("the sender is gone, and its data had not been queued", {
    cause: signal?.reason,
  });
}
