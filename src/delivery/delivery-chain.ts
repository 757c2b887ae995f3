import {
  type Component,
  type Consumer,
  clientMetadata,
  findStorage,
  type Host,
  isPermanent,
  PermanentError,
  RetryableError,
  type Settings,
} from "../component/index.ts";
import type { Batch } from "../metrics/index.ts";
import type { MeterAttributes } from "../telemetry/index.ts";
import { Accounts } from "./accounts.ts";
import { Batcher, type BatchGroup, type Flushed } from "./batcher.ts";
import { batchSizer, type RetryConfig, type SendingQueueConfig } from "./config.ts";
import type { ErrorTypeOf } from "./error-type.ts";
import { Health } from "./health.ts";
import { MemoryQueue } from "./memory-queue.ts";
import { PersistentQueue } from "./persistent-queue.ts";
import type { HeldRequest, Queue, QueueItem } from "./queue.ts";
import { type DeliveryRequest, InterruptedError, type Outcome, RetrySender } from "./retry-sender.ts";
import type { RequestCodec } from "./stored-request.ts";
import { ExporterTelemetry } from "./telemetry.ts";

export interface DeliveryOptions<Request extends DeliveryRequest> {
  readonly settings: Omit<Settings<unknown>, "config">;
  /** undefined: no queue, `consume` waits for the backend. */
  readonly queue: SendingQueueConfig | undefined;
  /** undefined: one attempt only. */
  readonly retry: RetryConfig | undefined;
  /** Milliseconds for one attempt; 0 = no limit. */
  readonly timeoutMs: number;
  /** Makes one request of all the batches, which are lent until it settles. More than one only with `queue.batch`. */
  encode(batches: readonly Batch[]): Request | Promise<Request>;
  /**
   * One attempt, under the client's metadata that the data came with; should end when the signal fires.
   * @throws PermanentError, PartialError (0 rejected: accepted, with a remark), RetryableError, RemainderError; any
   * other error is retried.
   */
  send(request: Request, signal: AbortSignal): Promise<void>;
  /** What `queue.storage` takes. */
  readonly codec?: RequestCodec<Request>;
  /** What its requests are, such as their content type: a chain takes over those of one with the same. */
  readonly format?: string;
  /** What `queue.batch` with the sizer `bytes` takes: the size of a batch as OTLP protobuf, not compressed. */
  measure?(batch: Batch): number;
  /** Attributes of the exporter's own metrics besides its ID. */
  readonly attributes?: MeterAttributes;
  /** What the protocol calls an error, for the exporter's own metrics. */
  readonly errorTypeOf?: ErrorTypeOf;
  /** Jitter: numbers from 0 up to, not including, 1. */
  readonly random?: () => number;
}

/** Tells the queue's store from others that an exporter may have. */
const STORE_NAME = "metrics";

/** How long the chain that takes over waits for attempts under way; one that is cut off may arrive twice. */
const HAND_OVER_MS = 2000;

/** The body of an exporter: batch → queue → retry → timeout → send. See the README for what happens when. */
export class DeliveryChain<Request extends DeliveryRequest> implements Component, Consumer {
  readonly #options: DeliveryOptions<Request>;
  readonly #sender: RetrySender<Request>;
  readonly #batcher: Batcher | undefined;
  readonly #telemetry: ExporterTelemetry;
  readonly #accounts: Accounts;
  readonly #health: Health<"sending" | "storage">;
  /** A persistent one is opened by `start`. */
  #queue: Queue<Request> | undefined;
  /** Workers, and sends without a queue. */
  readonly #running = new Set<Promise<unknown>>();
  /** What the chain before this one had not delivered, from `inherit` until `start`. */
  #inherited: readonly HeldRequest<Request>[] = [];
  /** Of those points that the storage holds, how many this process has accepted itself. */
  #leftInStorage = 0;
  #ceding: Promise<unknown> | undefined;
  #closing: Promise<void> | undefined;
  #stopped = false;
  #isEnded = false;

  constructor(options: DeliveryOptions<Request>) {
    const { settings, queue, retry, timeoutMs, random = Math.random } = options;
    const { clock, logger, meter, id } = settings;
    this.#options = options;
    this.#telemetry = new ExporterTelemetry(meter, id, options.attributes);
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
        sizeOf: (batch) => (bytes ? this.#measure(batch) : batch.pointCount),
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
    await queue.stock(this.#inherited.map((held) => ({ ...held, size: sizeOf(held.request, config.sizer) })));
    this.#giveInherited();
    this.#telemetry.observe(queue);
    const workers = config.preserve_order ? 1 : config.num_consumers;
    for (let i = 0; i < workers; i++) void this.#track(this.#work(queue));
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
   * whose sender waits for the result is given back to the sender, who brings it to the successor.
   */
  async handOver(successor: Component): Promise<void> {
    const { queue } = this.#options;
    if (queue === undefined || queue.wait_for_result) await this.#cede(async () => {});
    else await successor.inherit?.(this);
  }

  /**
   * Before `start`: takes over what another chain has not delivered, if its requests are of the same format. They go
   * before all others, as they are. From a persistent queue into another one only as many as there is room for; a
   * storage that both use is just let go of.
   */
  async inherit(legacy: unknown): Promise<void> {
    const { queue, format, settings } = this.#options;
    if (queue === undefined || !(legacy instanceof DeliveryChain)) return;
    const former = legacy as DeliveryChain<Request>;
    const { storage } = former.#options.queue ?? {};
    if (storage !== undefined && storage === queue.storage) {
      this.#take(former.#giveInherited());
      this.#leftInStorage = (await former.#cede(async () => {})) ?? this.#leftInStorage;
      return;
    }
    if (format === undefined || format !== former.#options.format) return;
    this.#take(former.#giveInherited());
    const used = this.#inherited.reduce((sum, { request }) => sum + sizeOf(request, queue.sizer), 0);
    let room = queue.queue_size - used;
    const fits = (request: Request) => {
      room -= sizeOf(request, queue.sizer);
      return room >= 0;
    };
    const left = (await former.#cede(async (from) => this.#take(await from.surrender(fits)))) ?? 0;
    if (left === 0) return;
    settings.logger.warn("There is no room for all that was queued. The rest stays in the storage.", {
      storage,
      data_points: left,
    });
  }

  #take(items: readonly HeldRequest<Request>[]): void {
    const taken = items.map(({ request, points, metadata }) => ({ request, points, metadata }));
    this.#inherited = [...this.#inherited, ...taken];
  }

  /**
   * Takes nothing more and goes on delivering what is queued, retries included, for `drainMs` at most. What is then left
   * stays in a persistent queue, and otherwise counts as dropped. Later calls return the first one's promise.
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
    for (const { points } of this.#giveInherited()) this.#drop({ points });
    await this.#endQueue();
    this.#accounts.close();
  }

  /**
   * Ends all work, lets `give` take what it wants from the queue, and ends that.
   * @returns how many points a storage keeps; undefined when the queue had come to its end before
   */
  #cede(give: (queue: Queue<Request>) => Promise<void>): Promise<number | undefined> {
    const before = this.#ceding;
    const ceding = (async () => {
      await before;
      this.#stopped = true;
      this.#sender.interrupt();
      await this.#finishWork(HAND_OVER_MS);
      const queue = this.#queue;
      if (this.#isEnded) return undefined;
      if (queue === undefined) return this.#leftInStorage;
      try {
        await give(queue);
        return queue.isPersistent ? queue.points : 0;
      } finally {
        await this.#endQueue();
      }
    })();
    this.#ceding = ceding.catch(() => {});
    return ceding;
  }

  #giveInherited(): readonly HeldRequest<Request>[] {
    const inherited = this.#inherited;
    this.#inherited = [];
    return inherited;
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
    if (caller !== undefined) caller.reject(error);
    else this.#accounts.drop(points, "shutdown", error);
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
    this.#queue?.close();
    await Promise.all(this.#running);
    cancel();
  }

  get #isClosed(): boolean {
    return this.#closing !== undefined || this.#ceding !== undefined;
  }

  async #openStorage(config: SendingQueueConfig, storage: string, host: Host): Promise<Queue<Request>> {
    const { settings, codec } = this.#options;
    const { id, clock, logger } = settings;
    if (codec === undefined) throw new Error(`exporter "${id}" cannot keep its requests in a storage`);
    const queue = await PersistentQueue.open({
      ...this.#capacity(config),
      storage: await findStorage(host, storage).client("exporter", id, STORE_NAME),
      codec,
      sizeOf: (request) => sizeOf(request, config.sizer),
      clock,
      logger,
      onStorage: (error) => this.#health.set("storage", error),
      onUnreadable: (points, error) => this.#accounts.drop(points, "unreadable", error),
    });
    this.#telemetry.restored(Math.max(0, queue.points - this.#leftInStorage));
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
    const requests = await Promise.all(groups.map((group) => this.#encode(group)));
    const items = requests.map((request) => ({
      request,
      points: request.points,
      size: sizeOf(request, sizer),
      metadata,
      caller: wait_for_result ? Promise.withResolvers<void>() : undefined,
    }));
    await (this.#queue as Queue<Request>).offer(items);
    for (const { request } of items) {
      this.#telemetry.enqueued(request);
      this.#accounts.dropUnsupported(request);
    }
    return wait_for_result ? { delivered: Promise.all(items.map(({ caller }) => caller?.promise)) } : {};
  }

  async #work(queue: Queue<Request>): Promise<void> {
    while (!this.#stopped) {
      const item = await queue.take();
      if (item === undefined) return;
      const { points, caller, metadata } = item;
      this.#telemetry.taken(item.request);
      const outcome = await clientMetadata.run(metadata, () => this.#send(item.request));
      if (outcome.error instanceof InterruptedError && outcome.left !== undefined && caller === undefined) {
        this.#telemetry.sent(points - queue.giveBack(item, outcome.left));
        // It is safe where it is, and so are those behind it, which must not overtake it.
        if (queue.isPersistent) return;
        continue;
      }
      this.#accounts.record(outcome, caller === undefined);
      if (outcome.left === undefined && !isRefusal(outcome)) caller?.resolve();
      else caller?.reject(outcome.error);
      await queue.settle(item);
    }
  }

  async #sendNow(batch: Batch, points: number): Promise<void> {
    if (this.#isClosed) throw new RetryableError("the exporter shuts down");
    const request = await this.#encode([batch]).catch((error: unknown) => {
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

  async #encode(batches: readonly Batch[]): Promise<Request> {
    try {
      return await this.#options.encode(batches);
    } catch (error) {
      throw unencodable(error);
    }
  }

  #measure(batch: Batch): number {
    const { measure, settings } = this.#options;
    if (measure === undefined)
      throw new Error(`exporter "${settings.id}" cannot tell the size of a batch in bytes`);
    try {
      return measure(batch);
    } catch (error) {
      throw unencodable(error);
    }
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    const done = () => this.#running.delete(work);
    work.then(done, done);
    return work;
  }
}

function sizeOf({ points, bytes }: DeliveryRequest, sizer: SendingQueueConfig["sizer"]): number {
  return sizer === "items" ? points : sizer === "bytes" ? bytes : 1;
}

function unencodable(error: unknown): Error {
  if (error instanceof RetryableError || isPermanent(error)) return error as Error;
  return new PermanentError("the data could not be encoded", { cause: error });
}

/** A partial success that did refuse points, as opposed to one that only brings a remark. */
function isRefusal({ rejected }: Outcome<unknown>): boolean {
  return rejected > 0;
}
