import {
  type Component,
  type Consumer,
  clientContext,
  clientMetadata,
  findStorage,
  type Host,
  PermanentError,
  RetryableError,
  type StorageExtension,
} from "../component/index.ts";
import type { Batch } from "../metrics/index.ts";
import { Accounts } from "./accounts.ts";
import { Batcher, type BatchGroup, type Flushed } from "./batcher.ts";
import { batchSizer, type SendingQueueConfig } from "./config.ts";
import { Consumers } from "./consumers.ts";
import { type DeliveryOptions, sizeOf } from "./delivery-options.ts";
import { Health } from "./health.ts";
import { Inheritance, type LeftInStorage } from "./inheritance.ts";
import { MemoryQueue } from "./memory-queue.ts";
import { PersistentQueue } from "./persistent-queue.ts";
import type { Queue, QueueItem } from "./queue.ts";
import { RequestMaker } from "./request-maker.ts";
import { type DeliveryRequest, InterruptedError, type Outcome, RetrySender } from "./retry-sender.ts";
import { ExporterTelemetry } from "./telemetry.ts";

/** Tells the queue's store from others that an exporter may have. */
const STORE_NAME = "metrics";

/** How long the chain that takes over waits for attempts under way; one that is cut off may arrive twice. */
const HAND_OVER_MS = 2000;

/** The body of an exporter: batch → queue → retry → timeout → send. See the README for what happens when. */
export class DeliveryChain<Request extends DeliveryRequest> implements Component, Consumer {
  readonly #options: DeliveryOptions<Request>;
  readonly #maker: RequestMaker<Request>;
  readonly #sender: RetrySender<Request>;
  readonly #batcher: Batcher | undefined;
  readonly #telemetry: ExporterTelemetry;
  readonly #accounts: Accounts;
  readonly #health: Health<"sending" | "storage">;
  /** A persistent one is opened by `start`. */
  #queue: Queue<Request> | undefined;
  /** Where a persistent one is. */
  #storage: StorageExtension | undefined;
  /** Consumers of the queue, and sends without one. */
  readonly #running = new Set<Promise<unknown>>();
  /** From `inherit` until `start`. */
  readonly #inheritance = new Inheritance<Request>();
  /** Points that this chain's end was the end of. */
  #lost = 0;
  #ceding: Promise<unknown> | undefined;
  #closing: Promise<void> | undefined;
  #stopped = false;
  #isEnded = false;

  constructor(options: DeliveryOptions<Request>) {
    const { settings, queue, retry, timeoutMs, random = Math.random } = options;
    const { clock, logger, meter, id } = settings;
    this.#options = options;
    this.#maker = new RequestMaker(options);
    this.#telemetry = new ExporterTelemetry(meter, id, options);
    this.#accounts = new Accounts(this.#telemetry, logger, clock, options.errorTypeOf);
    this.#health = new Health((event) => settings.reportStatus(event));
    this.#sender = new RetrySender({
      clock,
      random,
      logger,
      retry,
      timeoutMs,
      send: (request, signal) => options.send(request, signal),
      onAttempt: (error) => this.#health.set("sending", error),
    });
    if (queue === undefined) return;
    if (queue.storage === undefined) this.#queue = new MemoryQueue(this.#capacity(queue));
    if (queue.batch !== undefined) {
      const bytes = batchSizer(queue.batch, queue) === "bytes";
      this.#batcher = new Batcher({
        config: queue.batch,
        clock,
        sizeOf: (batch) => (bytes ? this.#maker.measure(batch) : batch.pointCount),
        flush: (groups) => this.#enqueue(groups),
        onOversized: (points) =>
          this.#accounts.drop(points, "oversized", new PermanentError("one data point exceeds `max_size`")),
      });
    }
  }

  /** @throws StorageError when the queue's storage is not there or cannot be used */
  async start(host: Host): Promise<void> {
    const { queue: config } = this.#options;
    if (config === undefined || this.#isClosed) return;
    if (config.storage !== undefined) this.#queue = await this.#openStorage(config, config.storage, host);
    const queue = this.#queue as Queue<Request>;
    // Shut down while the storage was being opened.
    if (this.#isClosed) return void (await queue.end());
    const inherited = this.#inheritance.items;
    await queue.stock(inherited.map((held) => ({ ...held, size: sizeOf(held.request, config.sizer) })));
    this.#inheritance.give();
    this.#telemetry.observe(queue);
    new Consumers<QueueItem<Request>>({
      limit: config.preserve_order ? 1 : config.num_consumers,
      take: async () => (this.#stopped ? undefined : await queue.take()),
      handle: (item) => this.#deliver(queue, item),
      track: (work) => void this.#track(work),
    }).start();
  }

  async consume(batch: Batch): Promise<void> {
    const points = batch.pointCount;
    if (points === 0) return;
    if (this.#options.queue === undefined) return await this.#sendNow(batch, points);
    let queued: Flushed;
    try {
      const refusal = this.#refusal();
      if (refusal !== undefined) throw refusal;
      queued = await (this.#batcher?.add(batch) ?? this.#enqueue([[batch]]));
    } catch (error) {
      this.#telemetry.enqueueFailed(points);
      throw error;
    }
    await queued.delivered;
  }

  /**
   * Gives what is undelivered to the chain of the exporter that a reload puts in this one's place, if that takes it. Data
   * whose sender waits for the result is given back to the sender, who brings it to the successor. undefined: there is
   * none, and what this one uses is about to go; a persistent queue is then let go of.
   */
  async handOver(successor: Component | undefined): Promise<void> {
    const { queue } = this.#options;
    if (queue === undefined || queue.wait_for_result) await this.#cede(async () => {});
    else if (successor !== undefined) await successor.inherit?.(this);
    else if (queue.storage !== undefined) this.#leave(await this.#cede(async () => {}));
  }

  /**
   * Before `start`: takes over what another chain has not delivered, if its requests are of the same format. They go
   * before all others, as they are. From a persistent queue into another one only as many as there is room for; a
   * storage that both use is just let go of.
   */
  async inherit(legacy: unknown): Promise<void> {
    const { queue, format } = this.#options;
    if (queue === undefined || !(legacy instanceof DeliveryChain)) return;
    const former = legacy as DeliveryChain<Request>;
    const { storage } = former.#options.queue ?? {};
    if (storage !== undefined && storage === queue.storage) {
      this.#inheritance.take(former.#inheritance.give());
      this.#inheritance.takeLeft(await former.#cede(async () => {}));
      return;
    }
    if (format === undefined || format !== former.#options.format) return;
    this.#inheritance.take(former.#inheritance.give());
    const fits = this.#inheritance.roomIn(queue);
    former.#leave(await former.#cede(async (from) => this.#inheritance.take(await from.surrender(fits))));
  }

  /**
   * Takes nothing more and goes on delivering what is queued, retries included, for `drainMs` at most. What is then left
   * stays in a persistent queue, and otherwise counts as dropped. Later calls return the first one's promise.
   * @throws when data was lost, after everything has come to its end
   */
  shutdown(drainMs: number): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    const { clock } = this.#options.settings;
    this.#sender.drain(clock.monotonic() + drainMs);
    await this.#finishWork(drainMs);
    // A chain that takes over may have come in between.
    await this.#ceding;
    for (const { points } of this.#inheritance.give()) this.#drop({ points });
    this.#telemetry.left(this.#inheritance.giveLeft()?.points ?? 0);
    if (!this.#isEnded && this.#queue?.isPersistent) this.#telemetry.left(this.#queue.points);
    await this.#endQueue();
    this.#accounts.close();
    if (this.#lost === 0) return;
    const what = this.#lost === 1 ? "1 data point was" : `${this.#lost} data points were`;
    throw new Error(`${what} lost: there was no more time to deliver them`);
  }

  /**
   * Ends all work, lets `give` take what it wants from the queue, and ends that.
   * @returns what a storage keeps, if it is not accounted for; undefined when the queue had come to its end before
   */
  #cede(give: (queue: Queue<Request>) => Promise<void>): Promise<LeftInStorage | undefined> {
    const before = this.#ceding;
    const ceding = (async () => {
      await before;
      this.#stopped = true;
      this.#sender.interrupt();
      await this.#finishWork(HAND_OVER_MS);
      if (this.#isEnded) return undefined;
      const queue = this.#queue;
      if (queue === undefined) return this.#inheritance.giveLeft();
      const left = () => (queue.isPersistent ? { points: queue.points, storage: this.#storage } : undefined);
      try {
        await give(queue);
        return left();
      } catch (error) {
        this.#leave(left());
        throw error;
      } finally {
        await this.#endQueue();
      }
    })();
    this.#ceding = ceding.catch(() => {});
    return ceding;
  }

  /** Accounts for what nobody takes from a storage. */
  #leave(left: LeftInStorage | undefined): void {
    const points = left?.points ?? 0;
    if (points === 0) return;
    this.#telemetry.left(points);
    this.#options.settings.logger.warn("What is queued stays in the storage.", {
      storage: this.#options.queue?.storage,
      data_points: points,
    });
  }

  /** Whoever waits for the result of what is left gets its data back; else what no storage keeps is lost. */
  async #endQueue(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    for (const item of (await this.#queue?.end()) ?? []) this.#drop(item);
    this.#telemetry.close();
  }

  #drop({ points, caller }: Pick<QueueItem<Request>, "points" | "caller">): void {
    const error = new InterruptedError("interrupted due to shutdown");
    if (caller !== undefined) {
      this.#accounts.sendFailed(points, error);
      caller.reject(error);
      return;
    }
    this.#lost += points;
    this.#accounts.drop(points, "shutdown", error);
  }

  /** Ends the intake and waits for everybody at work; after `ms` what is under way is cut off. */
  async #finishWork(ms: number): Promise<void> {
    this.#health.close();
    const cancel = this.#options.settings.clock.schedule(ms, () => {
      this.#stopped = true;
      this.#sender.abort();
    });
    this.#queue?.stopWaiting();
    await this.#batcher?.flush();
    await this.#queue?.close();
    // Consumers may call others for help.
    while (this.#running.size > 0) await Promise.all(this.#running);
    cancel();
  }

  get #isClosed(): boolean {
    return this.#closing !== undefined || this.#ceding !== undefined;
  }

  async #openStorage(config: SendingQueueConfig, storage: string, host: Host): Promise<Queue<Request>> {
    const { settings, codec } = this.#options;
    const { id, clock, logger } = settings;
    if (codec === undefined) throw new Error(`exporter "${id}" cannot keep its requests in a storage`);
    const extension = findStorage(host, storage);
    const queue = await PersistentQueue.open({
      ...this.#capacity(config),
      storage: await extension.client("exporter", id, STORE_NAME),
      codec,
      sizeOf: (request) => sizeOf(request, config.sizer),
      clock,
      logger,
      onStorage: (error) => this.#health.set("storage", error),
      onUnreadable: (points, error) => this.#accounts.drop(points, "unreadable", error),
    });
    this.#storage = extension;
    const left = this.#inheritance.giveLeft();
    const known = left?.points ?? 0;
    // Points that were counted as queued until now still are, if this is where they are.
    const same = left?.storage === extension ? Math.min(known, queue.points) : 0;
    this.#telemetry.left(known - same);
    this.#telemetry.restored(queue.points - same);
    return queue;
  }

  #capacity({ queue_size, sizer, block_on_overflow }: SendingQueueConfig) {
    return { limit: queue_size, unit: sizer, blocking: block_on_overflow };
  }

  /** Why nothing can be queued now. */
  #refusal(): RetryableError | undefined {
    if (this.#isClosed) return new RetryableError("sending queue is closed: the exporter shuts down");
    if (this.#queue === undefined) return new RetryableError("the exporter has not been started");
    return this.#queue.refusal;
  }

  /** Queues one request for each group: all of them or none. */
  async #enqueue(groups: readonly BatchGroup[]): Promise<Flushed> {
    const { sizer, wait_for_result } = this.#options.queue as SendingQueueConfig;
    const metadata = clientMetadata.current();
    const requests = await Promise.all(groups.map((group) => this.#maker.encode(group)));
    const items = requests.map((request) => ({
      request,
      points: request.points,
      size: sizeOf(request, sizer),
      metadata,
      caller: wait_for_result ? Promise.withResolvers<void>() : undefined,
    }));
    await (this.#queue as Queue<Request>).offer(items, clientContext.current()?.gone);
    for (const { request } of items) {
      this.#telemetry.enqueued(request);
      this.#accounts.dropUnsupported(request);
    }
    return wait_for_result ? { delivered: Promise.all(items.map(({ caller }) => caller?.promise)) } : {};
  }

  /** Settles with whether the next one may be begun. */
  async #deliver(queue: Queue<Request>, item: QueueItem<Request>): Promise<boolean> {
    const { points, caller, metadata } = item;
    this.#telemetry.taken(item.request);
    const outcome = await clientMetadata.run(metadata, () => this.#send(item.request));
    if (outcome.error instanceof InterruptedError && outcome.left !== undefined && caller === undefined) {
      this.#telemetry.sent(points - queue.giveBack(item, outcome.left));
      // It is safe where it is, and so are those behind it, which must not overtake it.
      return !queue.isPersistent;
    }
    this.#accounts.record(outcome, caller === undefined);
    if (outcome.left === undefined && !isRefusal(outcome)) caller?.resolve();
    else caller?.reject(outcome.error);
    await queue.settle(item);
    return true;
  }

  async #sendNow(batch: Batch, points: number): Promise<void> {
    if (this.#isClosed) {
      const error = new InterruptedError("the exporter shuts down");
      this.#accounts.sendFailed(points, error);
      throw error;
    }
    const request = await this.#maker.encode([batch]).catch((error: unknown) => {
      this.#accounts.sendFailed(points, error);
      throw error;
    });
    this.#accounts.dropUnsupported(request);
    const outcome = await this.#track(this.#send(request));
    this.#accounts.record(outcome, false);
    if (outcome.left !== undefined || isRefusal(outcome)) throw outcome.error;
  }

  async #send(request: Request): Promise<Outcome<Request>> {
    this.#telemetry.inFlight(1);
    const outcome = await this.#sender.send(request);
    this.#telemetry.inFlight(-1);
    return outcome;
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    const done = () => this.#running.delete(work);
    work.then(done, done);
    return work;
  }
}

/** A partial success that did refuse points, as opposed to one that only brings a remark. */
function isRefusal({ rejected }: Outcome<unknown>): boolean {
  return rejected > 0;
}
