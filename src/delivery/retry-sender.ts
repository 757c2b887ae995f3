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

/** A request that waits for its next attempt. */
interface Sleeper {
  /** The backend asked not to be tried before; on the clock that never jumps. */
  readonly notBefore: number;
  readonly wake: () => void;
  readonly wakeAt: (at: number) => void;
}

/**
 * Nobody can know what will be in an hour: however long the backend asks to wait, a request that is kept until it can be
 * delivered is tried again after this time, or after `max_interval` where that is longer.
 */
const LONGEST_WAIT_MS = 5 * 60_000;

/** Of the time that is left, when a back-off is longer than that: how long to wait for one last attempt. */
const LAST_WAIT = 0.9;

/**
 * Sends requests, each again and again as the retry settings and the backend's wishes allow, until told to come to an
 * end: by a deadline (`drain`), without further attempts (`interrupt`), or at once (`abort`).
 */
export class RetrySender<Request extends DeliveryRequest> {
  readonly #options: RetrySenderOptions<Request>;
  readonly #abort = new AbortController();
  readonly #sleepers = new Set<Sleeper>();
  /** On the clock that never jumps; undefined: there is no hurry. */
  #deadline: number | undefined;
  #interrupted = false;
  #hasCut = false;

  constructor(options: RetrySenderOptions<Request>) {
    this.#options = options;
  }

  /** Never rejects: see {@link Outcome}. */
  async send(original: Request): Promise<Outcome<Request>> {
    const { clock, random, logger, retry, onAttempt } = this.#options;
    const startedAt = clock.monotonic();
    let backoff: Backoff | undefined;
    let isLast = false;
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
      const interrupted = () =>
        giveUp(new InterruptedError("interrupted due to shutdown", { cause: thrown }));
      if (isPermanent(thrown)) return giveUp(thrown);
      if (this.#abort.signal.aborted) return interrupted();
      if (retry === undefined) return giveUp(thrown);
      if (this.#interrupted || isLast) return interrupted();
      backoff ??= new Backoff(retry, random);
      const now = clock.monotonic();
      const least = this.#leastWait(thrown, retry);
      let delayMs = Math.max(backoff.next(), least);
      if (this.#deadline !== undefined && now + delayMs >= this.#deadline) {
        delayMs = Math.max((this.#deadline - now) * LAST_WAIT, least);
        isLast = true;
      }
      const notBefore = now + least;
      if (!this.#isInTime(notBefore)) return interrupted();
      const { max_elapsed_time: limit } = retry;
      if (limit > 0 && now - startedAt + delayMs > limit) {
        return giveUp(new RetryableError("no more retries left", { cause: thrown }));
      }
      logger.info("Exporting failed. Will retry the request after interval.", {
        error: thrown,
        interval: formatDuration(delayMs),
      });
      const wasDraining = this.#deadline !== undefined;
      await this.#sleep(delayMs, notBefore);
      if (this.#interrupted || !this.#isInTime(notBefore)) return interrupted();
      // What is left of the time is little: no long back-off of before.
      if (!wasDraining && this.#deadline !== undefined) backoff = undefined;
    }
  }

  /**
   * From now on there is time until `deadline` only, on the clock that never jumps. Back-offs end, and begin anew from
   * the first interval; what the backend asked to wait is waited, or, where that is too long, the request given up.
   */
  drain(deadline: number): void {
    this.#deadline = deadline;
    for (const { notBefore, wake, wakeAt } of this.#sleepers) {
      if (this.#isInTime(notBefore)) wakeAt(notBefore);
      else wake();
    }
  }

  /** Lets no further attempt begin; those under way may come to their end. */
  interrupt(): void {
    this.#interrupted = true;
    for (const { wake } of this.#sleepers) wake();
  }

  /** Ends the attempts under way too. */
  abort(): void {
    this.interrupt();
    this.#abort.abort(new InterruptedError("the request was cancelled"));
  }

  /** What the backend asked for, within reason. */
  #leastWait(error: Error, { max_elapsed_time, max_interval }: RetryConfig): number {
    const asked = (error instanceof RetryableError ? error.retryAfterMs : undefined) ?? 0;
    const longest = Math.max(max_interval, LONGEST_WAIT_MS);
    // Where there is a limit the request is given up instead.
    if (max_elapsed_time > 0 || asked <= longest) return asked;
    if (!this.#hasCut) {
      this.#hasCut = true;
      this.#options.logger.warn("The backend asks for a longer wait than is kept. Trying again before.", {
        error,
        asked: formatDuration(asked),
        interval: formatDuration(longest),
      });
    }
    return longest;
  }

  #isInTime(at: number): boolean {
    return this.#deadline === undefined || at < this.#deadline;
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

  #sleep(delayMs: number, notBefore: number): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const wake = () => {
        cancel();
        this.#sleepers.delete(sleeper);
        resolve();
      };
      const wakeAt = (at: number) => {
        cancel();
        const leftMs = at - clock.monotonic();
        if (leftMs <= 0) wake();
        else cancel = clock.schedule(leftMs, wake);
      };
      const sleeper = { notBefore, wake, wakeAt };
      let cancel = clock.schedule(delayMs, wake);
      this.#sleepers.add(sleeper);
    });
  }
}
