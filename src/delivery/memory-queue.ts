import { Capacity, type CapacityOptions } from "./capacity.ts";
import { Outlet } from "./outlet.ts";
import type { Queue, QueueItem } from "./queue.ts";
import type { DeliveryRequest } from "./retry-sender.ts";

/** A {@link Queue} in memory: what is in it is lost with the process. */
export class MemoryQueue<Request extends DeliveryRequest> implements Queue<Request> {
  readonly isPersistent = false;
  readonly #room: Capacity;
  readonly #outlet = new Outlet<QueueItem<Request>>();
  /** Those taken, in this order, with what is left of each. */
  readonly #lent = new Map<QueueItem<Request>, QueueItem<Request>>();
  #points = 0;

  constructor(options: CapacityOptions) {
    this.#room = new Capacity(options);
  }

  get size(): number {
    return this.#room.used;
  }

  get capacity(): number {
    return this.#room.limit;
  }

  get points(): number {
    return this.#points;
  }

  get refusal() {
    return this.#room.refusal;
  }

  offer(items: readonly QueueItem<Request>[], gone?: AbortSignal): Promise<void> {
    const size = items.reduce((sum, item) => sum + item.size, 0);
    const enter = () => {
      for (const item of items) {
        this.#points += item.points;
        this.#outlet.put(item);
      }
    };
    return this.#room.admit(size, enter, gone);
  }

  stock(items: readonly QueueItem<Request>[]): Promise<void> {
    for (const item of items) {
      this.#room.occupy(item.size);
      this.#points += item.points;
      this.#outlet.put(item);
    }
    return Promise.resolve();
  }

  async take(): Promise<QueueItem<Request> | undefined> {
    const item = await this.#outlet.take();
    if (item !== undefined) this.#lent.set(item, item);
    return item;
  }

  settle(item: QueueItem<Request>): Promise<void> {
    if (this.#lent.delete(item)) {
      this.#points -= item.points;
      this.#room.release(item.size);
    }
    return Promise.resolve();
  }

  giveBack(item: QueueItem<Request>, left: Request): number {
    this.#lent.set(item, { ...item, request: left, points: left.points });
    this.#points -= item.points - left.points;
    return left.points;
  }

  stopWaiting(): void {
    this.#room.stopWaiting();
  }

  close(): Promise<void> {
    this.#room.close();
    this.#outlet.close();
    return Promise.resolve();
  }

  surrender(): Promise<readonly QueueItem<Request>[]> {
    return Promise.resolve(this.#empty());
  }

  end(): Promise<readonly QueueItem<Request>[]> {
    return Promise.resolve(this.#empty());
  }

  #empty(): readonly QueueItem<Request>[] {
    const items = [...this.#lent.values(), ...this.#outlet.drain()];
    this.#lent.clear();
    this.#room.release(this.#room.used);
    this.#points = 0;
    return items;
  }
}
