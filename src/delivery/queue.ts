import type { RetryableError } from "../component/index.ts";

/** What a queue must know of an item. */
export interface QueueItem {
  /** In units of the queue's capacity. */
  readonly size: number;
  /** Data points. */
  readonly points: number;
}

/**
 * A first-in first-out queue whose items stay in it, counted, until they are settled: taking one only lends it to a
 * consumer. That is what lets a persistent queue keep an item on disk until the backend has answered for it.
 */
export interface Queue<Item extends QueueItem> {
  /** Sum of the sizes of all items, those being sent included. */
  readonly size: number;
  readonly capacity: number;
  /** Sum of the points likewise. */
  readonly points: number;
  /** Why `offer` would refuse whatever it got now, so that nobody encodes in vain; undefined if it might take it. */
  readonly refusal: RetryableError | undefined;
  /**
   * Settles when the item is safe in the queue.
   * @throws RetryableError: full, or closed; PermanentError: larger than the whole queue.
   */
  offer(item: Item): Promise<void>;
  /** The oldest item, as soon as there is one; undefined once the queue is closed and nothing is left to take. */
  take(): Promise<Item | undefined>;
  /** The item was accepted or refused for good: its room is free again. Does not throw. */
  settle(item: Item): void | Promise<void>;
  /** Ends the intake; what is queued can still be taken. */
  close(): void;
  /** After `close`: ends everything. Returns the items that are lost by that: a persistent queue loses none. */
  abandon(): readonly Item[];
}
