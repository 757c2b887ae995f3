import { type Clock, RetryableError, type StorageClient, StorageError } from "../component/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { Capacity, type CapacityOptions } from "./capacity.ts";
import { Outlet } from "./outlet.ts";
import type { Queue, QueueItem } from "./queue.ts";
import type { DeliveryRequest } from "./retry-sender.ts";
import {
  decodeStored,
  encodeStored,
  formatKey,
  parseKey,
  type RequestCodec,
  storeMetadata,
  takeMetadata,
} from "./stored-request.ts";

export interface PersistentQueueOptions<Request extends DeliveryRequest> extends CapacityOptions {
  /** For this queue alone; it closes the client. */
  readonly storage: StorageClient;
  readonly codec: RequestCodec<Request>;
  /** A request's size in the queue's unit. */
  readonly sizeOf: (request: DeliveryRequest) => number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of each call of the storage that failed, and undefined when the like of it works again. */
  readonly onStorage: (error: StorageError | undefined) => void;
  /** Points that were in the queue and cannot be read any more. */
  readonly onUnreadable: (points: number, error: StorageError) => void;
}

/** What is stored of an item. */
type Content<Request> = Pick<QueueItem<Request>, "request" | "metadata">;

interface Entry<Request> {
  readonly key: string;
  readonly points: number;
  readonly size: number;
  /** Only where a consumer waited for it; everything else is read from the storage when its turn comes. */
  readonly content: Content<Request> | undefined;
}

const REREAD_MS = 1000;

/**
 * A {@link Queue} in a storage. A request is written under a key with its place in the queue, and the key stays until the
 * request is settled: nothing is written when one is taken. So what is found at a start, in the order of its keys,
 * is the queue as it was, those that were being sent first; there is nothing to put back.
 */
export class PersistentQueue<Request extends DeliveryRequest> implements Queue<Request> {
  readonly isPersistent = true;
  readonly #options: PersistentQueueOptions<Request>;
  readonly #room: Capacity;
  readonly #outlet = new Outlet<Entry<Request>>();
  readonly #lent = new Map<QueueItem<Request>, Entry<Request>>();
  #nextIndex = 0;
  #points = 0;
  #closed = false;
  readonly #rereads = new Set<() => void>();
  readonly #writing = new Set<Promise<void>>();

  private constructor(options: PersistentQueueOptions<Request>) {
    this.#options = options;
    this.#room = new Capacity(options);
  }

  /** @throws StorageError when the storage fails, or holds the queue of a later version */
  static async open<Request extends DeliveryRequest>(
    options: PersistentQueueOptions<Request>,
  ): Promise<PersistentQueue<Request>> {
    const queue = new PersistentQueue(options);
    try {
      await queue.#restore();
    } catch (error) {
      await options.storage.close();
      throw error;
    }
    return queue;
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

  get refusal(): RetryableError | undefined {
    return this.#room.refusal;
  }

  async offer(items: readonly QueueItem<Request>[], gone?: AbortSignal): Promise<void> {
    const size = items.reduce((sum, item) => sum + item.size, 0);
    let written: Promise<void> | undefined;
    const enter = () => {
      const writing = this.#write(items, size).finally(() => this.#writing.delete(writing));
      this.#writing.add(writing);
      written = writing;
    };
    await this.#room.admit(size, enter, gone);
    await written;
  }

  async stock(items: readonly QueueItem<Request>[]): Promise<void> {
    const size = items.reduce((sum, item) => sum + item.size, 0);
    this.#room.occupy(size);
    if (items.length > 0) await this.#write(items, size);
  }

  async take(): Promise<QueueItem<Request> | undefined> {
    for (;;) {
      const entry = await this.#outlet.take();
      if (entry === undefined) return undefined;
      const content = entry.content ?? (await this.#read(entry));
      if (content === "unreadable") continue;
      if (content === "closed") return undefined;
      const item = { ...content, points: entry.points, size: entry.size };
      this.#lent.set(item, entry);
      return item;
    }
  }

  async settle(item: QueueItem<Request>): Promise<void> {
    const entry = this.#lent.get(item);
    if (entry === undefined) return;
    this.#lent.delete(item);
    await this.#remove(entry);
  }

  /** It is on disk as a whole, and that is how the next run will find it. */
  giveBack(item: QueueItem<Request>): number {
    this.#lent.delete(item);
    return item.points;
  }

  stopWaiting(): void {
    this.#room.stopWaiting();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#room.close();
    for (const wake of this.#rereads) wake();
    // What is being written has been admitted: its sender hears that it is queued.
    while (this.#writing.size > 0) await Promise.allSettled(this.#writing);
    this.#outlet.close();
  }

  async surrender(fits: (request: Request) => boolean): Promise<readonly QueueItem<Request>[]> {
    const items: QueueItem<Request>[] = [];
    for (const key of await this.#options.storage.keys()) {
      const entry = this.#entryOf(key);
      const content = await this.#read(entry);
      if (content === "unreadable") continue;
      if (content === "closed" || !fits(content.request)) break;
      await this.#remove(entry);
      items.push({ ...content, points: entry.points, size: entry.size });
    }
    return items;
  }

  async end(): Promise<readonly QueueItem<Request>[]> {
    await this.#options.storage.close();
    return [];
  }

  async #restore(): Promise<void> {
    const { storage, logger } = this.#options;
    const keys = await storage.keys();
    for (const key of keys) {
      const entry = this.#entryOf(key);
      this.#nextIndex = parseKey(key).index + 1;
      this.#room.occupy(entry.size);
      this.#points += entry.points;
      this.#outlet.put(entry);
    }
    if (keys.length === 0) return;
    logger.info("Found requests in the persistent queue.", {
      requests: keys.length,
      data_points: this.#points,
    });
  }

  #entryOf(key: string): Entry<Request> {
    const { points, bytes } = parseKey(key);
    return { key, points, size: this.#options.sizeOf({ points, bytes }), content: undefined };
  }

  /** Called in the order of admission, which is so the order of the indexes and of the writes. */
  async #write(items: readonly QueueItem<Request>[], size: number): Promise<void> {
    const { storage, codec, onStorage } = this.#options;
    const entries = items.map(({ request, metadata, points, size: one }) => {
      const key = formatKey({ index: this.#nextIndex++, points, bytes: request.bytes });
      return { key, points, size: one, content: { request, metadata } };
    });
    try {
      await storage.batch(
        entries.map(({ key, content }) => ({
          type: "set" as const,
          key,
          value: encodeStored(storeMetadata(codec.toStored(content.request), content.metadata)),
        })),
      );
    } catch (cause) {
      this.#room.release(size);
      onStorage(storageError(cause));
      throw new RetryableError("the sending queue's storage did not take the data", { cause });
    }
    onStorage(undefined);
    for (const entry of entries) {
      this.#points += entry.points;
      this.#outlet.put(this.#outlet.isAwaited ? entry : { ...entry, content: undefined });
    }
  }

  /** Waits for a storage that fails, until the queue is closed: the request is then left for the next run. */
  async #read(entry: Entry<Request>): Promise<Content<Request> | "unreadable" | "closed"> {
    const { storage, codec, onStorage, onUnreadable } = this.#options;
    for (let failed = false; ; failed = true) {
      try {
        const value = await storage.get(entry.key);
        if (value === undefined) throw new StorageError("corrupt", `the stored request ${entry.key} is gone`);
        const { stored, metadata } = takeMetadata(decodeStored(value));
        const content = { request: codec.fromStored(stored, entry.points), metadata };
        if (failed) onStorage(undefined);
        return content;
      } catch (cause) {
        const error = storageError(cause);
        if (error.reason === "corrupt") {
          onUnreadable(entry.points, error);
          await this.#remove(entry);
          return "unreadable";
        }
        onStorage(error);
      }
      if (this.#closed) return "closed";
      await this.#pause();
    }
  }

  /** Counts at once, so that no point is in two places; settles when the storage has forgotten it. */
  async #remove({ key, size, points }: Entry<Request>): Promise<void> {
    this.#points -= points;
    this.#room.release(size);
    try {
      await this.#options.storage.batch([{ type: "delete", key }]);
    } catch (cause) {
      // It will be sent once more after the next start.
      this.#options.onStorage(storageError(cause));
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        cancel();
        this.#rereads.delete(wake);
        resolve();
      };
      const cancel = this.#options.clock.schedule(REREAD_MS, wake);
      this.#rereads.add(wake);
    });
  }
}

function storageError(cause: unknown): StorageError {
  return cause instanceof StorageError ? cause : new StorageError("io", "the storage failed", { cause });
}
