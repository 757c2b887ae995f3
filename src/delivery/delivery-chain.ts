import {
  type Component,
  type Consumer,
  isPermanent,
  PartialError,
  PermanentError,
  RetryableError,
  type Settings,
} from "../component/index.ts";
import type { Batch } from "../metrics/index.ts";
import type { MeterAttributes } from "../telemetry/index.ts";
import type { RetryConfig, SendingQueueConfig } from "./config.ts";
import { LogThrottle } from "./log-throttle.ts";
import { MemoryQueue } from "./memory-queue.ts";
import type { Queue, QueueItem } from "./queue.ts";
import { type DeliveryRequest, InterruptedError, type Outcome, RetrySender } from "./retry-sender.ts";
import { type DropReason, ExporterTelemetry } from "./telemetry.ts";

export interface DeliveryOptions<Request extends DeliveryRequest> {
  readonly settings: Omit<Settings<unknown>, "config">;
  /** undefined: no queue, `consume` waits for the backend. */
  readonly queue: SendingQueueConfig | undefined;
  /** undefined: one attempt only. */
  readonly retry: RetryConfig | undefined;
  /** Milliseconds for one attempt; 0 = no limit. */
  readonly timeoutMs: number;
  /** Makes what is queued and sent; the batch is lent until it settles. */
  encode(batch: Batch): Request | Promise<Request>;
  /**
   * One attempt; should end when the signal fires.
   * @throws PermanentError, PartialError (0 rejected: accepted, with a remark), RetryableError, RemainderError; any
   * other error is retried.
   */
  send(request: Request, signal: AbortSignal): Promise<void>;
  /** Attributes of the exporter's own metrics besides its ID. */
  readonly attributes?: MeterAttributes;
  /** Jitter: numbers from 0 up to, not including, 1. */
  readonly random?: () => number;
}

const LOG_PERIOD_MS = 30_000;

interface Item<Request> extends QueueItem {
  request: Request;
  /** Of a caller that waits for the result; it then gets the error and nothing counts as dropped. */
  readonly caller: PromiseWithResolvers<void> | undefined;
}

/** The body of an exporter: queue → retry → timeout → send. See the README for what happens when. */
export class DeliveryChain<Request extends DeliveryRequest> implements Component, Consumer {
  readonly #options: DeliveryOptions<Request>;
  readonly #queue: Queue<Item<Request>> | undefined;
  readonly #sender: RetrySender<Request>;
  readonly #telemetry: ExporterTelemetry;
  readonly #throttle: LogThrottle;
  /** Workers, and sends without a queue. */
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;
  #stopped = false;

  constructor(options: DeliveryOptions<Request>) {
    const { settings, queue, retry, timeoutMs, random = Math.random } = options;
    const { clock, logger, meter, id } = settings;
    this.#options = options;
    this.#telemetry = new ExporterTelemetry(meter, id, options.attributes);
    this.#throttle = new LogThrottle(clock, LOG_PERIOD_MS);
    this.#sender = new RetrySender({
      clock,
      random,
      logger,
      retry,
      timeoutMs,
      send: (request, signal) => options.send(request, signal),
      onAttempt: (error) => this.#reportStatus(error),
    });
    if (queue !== undefined) {
      this.#queue = new MemoryQueue({
        capacity: queue.queue_size,
        unit: queue.sizer,
        blocking: queue.block_on_overflow,
      });
    }
  }

  start(): void {
    const { queue: config } = this.#options;
    const queue = this.#queue;
    if (config === undefined || queue === undefined || this.#closing !== undefined) return;
    this.#telemetry.observe(queue);
    for (let i = 0; i < config.num_consumers; i++) void this.#track(this.#work(queue));
  }

  async consume(batch: Batch): Promise<void> {
    const points = batch.pointCount;
    if (points === 0) return;
    const queue = this.#queue;
    if (queue === undefined) return this.#sendNow(await this.#encode(batch, points));
    const refusal = queue.refusal;
    if (refusal !== undefined) {
      this.#telemetry.enqueueFailed(points);
      throw refusal;
    }
    const request = await this.#encode(batch, points);
    const waits = this.#options.queue?.wait_for_result === true;
    const item: Item<Request> = {
      request,
      points: request.points,
      size: this.#sizeOf(request),
      caller: waits ? Promise.withResolvers<void>() : undefined,
    };
    try {
      await queue.offer(item);
    } catch (error) {
      this.#telemetry.enqueueFailed(points);
      throw error;
    }
    this.#dropUnsupported(request);
    await item.caller?.promise;
  }

  /**
   * Takes nothing more, gives every undelivered request one attempt within `drainMs`, and counts what is then left as
   * dropped. Later calls return the first one's promise.
   */
  shutdown(drainMs: number): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    this.#queue?.close();
    this.#sender.drain();
    const cancel = this.#options.settings.clock.schedule(drainMs, () => {
      this.#stopped = true;
      this.#sender.abort();
    });
    await Promise.all(this.#running);
    cancel();
    for (const item of this.#queue?.abandon() ?? []) {
      const { points } = item.request;
      const error = new InterruptedError("interrupted due to shutdown");
      if (item.caller !== undefined) item.caller.reject(error);
      else this.#drop(points, "shutdown", error);
    }
    this.#throttle.close();
    this.#telemetry.close();
  }

  async #work(queue: Queue<Item<Request>>): Promise<void> {
    while (!this.#stopped) {
      const item = await queue.take();
      if (item === undefined) return;
      const outcome = await this.#send(item.request);
      if (
        outcome.error instanceof InterruptedError &&
        outcome.left !== undefined &&
        item.caller === undefined
      ) {
        this.#telemetry.sent(outcome.sent);
        item.request = outcome.left; // stays in the queue, whose business it is what becomes of it
        continue;
      }
      this.#record(outcome, item.caller === undefined);
      if (outcome.left === undefined && !isRefusal(outcome)) item.caller?.resolve();
      else item.caller?.reject(outcome.error);
      await queue.settle(item);
    }
  }

  async #sendNow(request: Request): Promise<void> {
    if (this.#closing !== undefined) throw new RetryableError("the exporter shuts down");
    this.#dropUnsupported(request);
    const outcome = await this.#track(this.#send(request));
    this.#record(outcome, false);
    if (outcome.left !== undefined || isRefusal(outcome)) throw outcome.error;
  }

  async #send(request: Request): Promise<Outcome<Request>> {
    this.#telemetry.inFlight(1);
    const outcome = await this.#sender.send(request);
    this.#telemetry.inFlight(-1);
    return outcome;
  }

  /** Counts a finished request; `dropping`: nobody above gets the error. */
  #record({ sent, rejected, left, error }: Outcome<Request>, dropping: boolean): void {
    this.#telemetry.sent(sent);
    if (error instanceof PartialError) {
      this.#telemetry.dropped(rejected, "partial_success");
      this.#throttle.report("partial_success", rejected, (points) =>
        this.#options.settings.logger.warn("Partial success response.", {
          error,
          dropped_data_points: points,
        }),
      );
    }
    if (left === undefined) return;
    const permanent = isPermanent(error);
    this.#telemetry.sendFailed(left.points, permanent);
    if (dropping) this.#drop(left.points, permanent ? "permanent" : "retries_exhausted", error);
  }

  #drop(points: number, reason: DropReason, error: Error | undefined): void {
    this.#telemetry.dropped(points, reason);
    this.#throttle.report(reason, points, (dropped) =>
      this.#options.settings.logger.error("Exporting failed. Dropping data.", {
        error,
        reason,
        dropped_items: dropped,
      }),
    );
  }

  #dropUnsupported({ unsupported = 0 }: Request): void {
    if (unsupported === 0) return;
    this.#telemetry.dropped(unsupported, "unsupported");
  }

  async #encode(batch: Batch, points: number): Promise<Request> {
    try {
      return await this.#options.encode(batch);
    } catch (error) {
      this.#telemetry.enqueueFailed(points);
      if (error instanceof RetryableError || isPermanent(error)) throw error;
      throw new PermanentError("the data could not be encoded", { cause: error });
    }
  }

  #reportStatus(error: Error | undefined): void {
    if (this.#closing !== undefined) return;
    const { reportStatus } = this.#options.settings;
    reportStatus(error === undefined ? { status: "ok" } : { status: "recoverable_error", error });
  }

  get #unit(): string {
    return this.#options.queue?.sizer ?? "requests";
  }

  #sizeOf({ points, bytes }: Request): number {
    const unit = this.#unit;
    return unit === "items" ? points : unit === "bytes" ? bytes : 1;
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
