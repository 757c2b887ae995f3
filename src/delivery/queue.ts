import type { ClientMetadata, RetryableError } from "../component/index.ts";

/** A request that waits to be delivered. */
export interface HeldRequest<Request> {
  readonly request: Request;
  /** Data points. */
  readonly points: number;
  /** Under which it is sent: of the request that brought its data. */
  readonly metadata?: ClientMetadata | undefined;
}

/** A request in a queue. */
export interface QueueItem<Request> extends HeldRequest<Request> {
  /** In units of the queue's capacity. */
  readonly size: number;
  /** Of a caller that waits for the result; it then gets the error and nothing counts as dropped. */
  readonly caller?: PromiseWithResolvers<void> | undefined;
}

/**
 * A first-in first-out queue whose items stay in it, counted, until they are settled: taking one only lends it to a
 * consumer. That is what lets a persistent queue keep an item on disk until the backend has answered for it.
 */
export interface Queue<Request> {
  /** Sum of the sizes of all items, those being sent included. */
  readonly size: number;
  readonly capacity: number;
  /** Sum of the points likewise. */
  readonly points: number;
  /** Whether items outlive the process, so that a shutdown may leave some. */
  readonly isPersistent: boolean;
  /** Why `offer` would refuse whatever it got now, so that nobody encodes in vain; undefined if it might take it. */
  readonly refusal: RetryableError | undefined;
  /**
   * Settles when the items are safe in the queue: all of them, in this order, or none.
   * @param gone whoever waits for room waits no longer than this
   * @throws RetryableError: full, closed, gone, or the storage does not take it; PermanentError: larger than the whole
   * queue.
   */
  offer(items: readonly QueueItem<Request>[], gone?: AbortSignal): Promise<void>;
  /**
   * The same for what another queue had taken already: there is room for it, even beyond the capacity.
   * @throws RetryableError: the storage does not take it
   */
  stock(items: readonly QueueItem<Request>[]): Promise<void>;
  /** The oldest item, as soon as there is one; undefined once the queue is closed and nothing is left to take. */
  take(): Promise<QueueItem<Request> | undefined>;
  /** The item was accepted or refused for good: its room is free again. Does not throw. */
  settle(item: QueueItem<Request>): Promise<void>;
  /**
   * The item could not be delivered before the shutdown, but for the part of it that is not in `left`.
   * @returns how many points of it are still in the queue
   */
  giveBack(item: QueueItem<Request>, left: Request): number;
  /** Lets nobody wait for room any longer: who does, or would, is refused. */
  stopWaiting(): void;
  /** Ends the intake; what is queued can still be taken. Settles when what was on its way into a storage is queued or refused. */
  close(): Promise<void>;
  /**
   * After `close`, when nobody is at work any more: takes out the oldest items and gives them in their order. A
   * persistent queue only gives as many as `fits` says yes to, one after the other; the others are safe where they are.
   */
  surrender(fits: (request: Request) => boolean): Promise<readonly QueueItem<Request>[]>;
  /** After `close`: ends everything. Returns the items that are lost by that: a persistent queue loses none. */
  end(): Promise<readonly QueueItem<Request>[]>;
}
