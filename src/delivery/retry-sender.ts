import { type Clock, isPermanent, PartialError, RetryableError } from "../component/index.ts";
import { formatDuration } from "../config/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { attempt } from "./attempt.ts";
import { Backoff } from "./backoff.ts";
import type { RetryConfig } from "./config.ts";

/** What the chain must know of a request. */
export interface DeliveryRequest {
  /** Data points in it. */
  readonly points: number;
  /** Bytes it holds in memory. */
  readonly bytes: number;
  /** Points of the batch that the exporter's format has no place for; not among `points`. */
  readonly unsupported?: number;
}

/** Thrown by a `send` that delivered a part of its request: only `remainder` is sent again. */
export class RemainderError<Request extends DeliveryRequest = DeliveryRequest> extends RetryableError {
  readonly remainder: Request;

  constructor(
    message: string,
    remainder: Request,
    options?: { readonly cause?: unknown; readonly retryAfterMs?: number },
  ) {
    super(message, options);
    this.remainder = remainder;
  }
}

/** The exporter shut down before the backend had answered for good. */
export class InterruptedError extends RetryableError {}

/** How a delivery ended: `sent` points arrived, `rejected` were refused in a partial success, `left` were not delivered. */
export interface Outcome<Request> {
  readonly sent: number;
  readonly rejected: number;
  /** What was not delivered, and `error` says why: permanent, interrupted, or (anything else) out of retries. */
  readonly left: Request | undefined;
  readonly error: Error | undefined;
}

export interface RetrySenderOptions<Request> {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** undefined: one attempt only. */
  readonly retry: RetryConfig | undefined;
  /** Per attempt; 0 = none. */
  readonly timeoutMs: number;
  readonly send: (request: Request, signal: AbortSignal) => Promise<void>;
  /** Told of each attempt that failed and of each success, for the component's status. */
  readonly onAttempt: (error: Error | undefined) => void;
}

/** Sends requests, each again and again as the retry settings and the backend's wishes allow. */
export class RetrySender<Request extends DeliveryRequest> {
  readonly #options: RetrySenderOptions<Request>;
  readonly #abort = new AbortController();
  readonly #sleepers = new Set<() => void>();
  #draining = false;

  constructor(options: RetrySenderOptions<Request>) {
    this.#options = options;
  }

  /** Never rejects: see {@link Outcome}. */
  async send(original: Request): Promise<Outcome<Request>> {
    const { clock, random, logger, retry, onAttempt } = this.#options;
    const startedAt = clock.monotonic();
    let backoff: Backoff | undefined;
    let request = original;
    for (;;) {
      const thrown = await this.#attempt(request);
      if (thrown === undefined || thrown instanceof PartialError) {
        onAttempt(undefined);
        const rejected = Math.min(thrown?.rejected ?? 0, request.points);
        return { sent: original.points - rejected, rejected, left: undefined, error: thrown };
      }
      if (!this.#abort.signal.aborted) onAttempt(thrown);
      if (thrown instanceof RemainderError) request = thrown.remainder as Request;
      const left = request;
      const giveUp = (error: Error): Outcome<Request> => ({
        sent: original.points - left.points,
        rejected: 0,
        left,
        error,
      });
      if (isPermanent(thrown)) return giveUp(thrown);
      if (this.#draining) {
        return giveUp(new InterruptedError("interrupted due to shutdown", { cause: thrown }));
      }
      if (retry === undefined) return giveUp(thrown);
      backoff ??= new Backoff(retry, random);
      const least = thrown instanceof RetryableError ? (thrown.retryAfterMs ?? 0) : 0;
      const delayMs = Math.max(backoff.next(), least);
      const { max_elapsed_time: limit } = retry;
      if (limit > 0 && clock.monotonic() - startedAt + delayMs > limit) {
        return giveUp(new RetryableError("no more retries left", { cause: thrown }));
      }
      logger.info("Exporting failed. Will retry the request after interval.", {
        error: thrown,
        interval: formatDuration(delayMs),
      });
      await this.#sleep(delayMs);
    }
  }

  /** From now on each request gets one attempt: the one under way, or one more at once if it waits for a retry. */
  drain(): void {
    this.#draining = true;
    for (const wake of this.#sleepers) wake();
  }

  /** Ends the attempts under way. */
  abort(): void {
    this.drain();
    this.#abort.abort(new InterruptedError("the request was cancelled"));
  }

  async #attempt(request: Request): Promise<Error | undefined> {
    const { clock, timeoutMs, send } = this.#options;
    try {
      await attempt(clock, timeoutMs, this.#abort.signal, async (signal) => send(request, signal));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error), { cause: error });
    }
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        cancel();
        this.#sleepers.delete(wake);
        resolve();
      };
      const cancel = this.#options.clock.schedule(delayMs, wake);
      this.#sleepers.add(wake);
    });
  }
}
