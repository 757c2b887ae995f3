import { PermanentError, RetryableError } from "../component/index.ts";
import type { Queue, QueueItem } from "./queue.ts";
import { Ring } from "./ring.ts";

export interface MemoryQueueOptions {
  readonly capacity: number;
  /** What the capacity counts, for messages. */
  readonly unit: string;
  /** A full queue lets `offer` wait instead of refusing. */
  readonly blocking: boolean;
}

interface Waiting<Item> {
  readonly item: Item;
  readonly admit: () => void;
  readonly refuse: (error: Error) => void;
}

/** A {@link Queue} in memory: what is in it is lost with the process. */
export class MemoryQueue<Item extends QueueItem> implements Queue<Item> {
  readonly capacity: number;
  readonly #unit: string;
  readonly #blocking: boolean;
  readonly #items = new Ring<Item>();
  readonly #lent = new Set<Item>();
  readonly #takers = new Ring<(item: Item | undefined) => void>();
  readonly #blocked = new Ring<Waiting<Item>>();
  #size = 0;
  #points = 0;
  #closed = false;

  constructor({ capacity, unit, blocking }: MemoryQueueOptions) {
    this.capacity = capacity;
    this.#unit = unit;
    this.#blocking = blocking;
  }

  get size(): number {
    return this.#size;
  }

  get points(): number {
    return this.#points;
  }

  get refusal(): RetryableError | undefined {
    if (this.#closed) return new RetryableError("sending queue is closed: the exporter shuts down");
    if (this.#blocking || this.#size < this.capacity) return undefined;
    return this.#full();
  }

  async offer(item: Item): Promise<void> {
    if (this.#closed) throw this.refusal;
    if (item.size > this.capacity) {
      throw new PermanentError(
        `element size too large: ${item.size} ${this.#unit}, the sending queue holds ${this.capacity}`,
      );
    }
    // Whoever waits already goes first, even if this smaller item would fit.
    if (this.#blocked.length === 0 && this.#fits(item)) {
      this.#admit(item);
      return;
    }
    if (!this.#blocking) throw this.#full();
    await new Promise<void>((admit, refuse) => this.#blocked.push({ item, admit, refuse }));
  }

  take(): Promise<Item | undefined> {
    const item = this.#items.shift();
    if (item !== undefined) {
      this.#lent.add(item);
      return Promise.resolve(item);
    }
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  settle(item: Item): void {
    if (!this.#lent.delete(item)) return;
    this.#size -= item.size;
    this.#points -= item.points;
    for (let next = this.#blocked.peek(); next !== undefined; next = this.#blocked.peek()) {
      if (!this.#fits(next.item)) break;
      this.#blocked.shift();
      this.#admit(next.item);
      next.admit();
    }
  }

  close(): void {
    this.#closed = true;
    const refusal = this.refusal as RetryableError;
    for (let next = this.#blocked.shift(); next !== undefined; next = this.#blocked.shift()) {
      next.refuse(refusal);
    }
    for (let taker = this.#takers.shift(); taker !== undefined; taker = this.#takers.shift())
      taker(undefined);
  }

  abandon(): readonly Item[] {
    const lost = [...this.#lent];
    for (let item = this.#items.shift(); item !== undefined; item = this.#items.shift()) lost.push(item);
    this.#lent.clear();
    this.#size = 0;
    this.#points = 0;
    return lost;
  }

  #full(): RetryableError {
    return new RetryableError(
      `sending queue is full: it holds ${this.#size} of ${this.capacity} ${this.#unit}`,
    );
  }

  #fits(item: Item): boolean {
    return this.#size + item.size <= this.capacity;
  }

  #admit(item: Item): void {
    this.#size += item.size;
    this.#points += item.points;
    const taker = this.#takers.shift();
    if (taker === undefined) {
      this.#items.push(item);
      return;
    }
    this.#lent.add(item);
    taker(item);
  }
}
