import type { Settings } from "../component/index.ts";
import type { Batch } from "../metrics/index.ts";
import type { MeterAttributes } from "../telemetry/index.ts";
import type { RetryConfig, SendingQueueConfig } from "./config.ts";
import type { ErrorTypeOf, KnownError } from "./error-type.ts";
import type { DeliveryRequest } from "./retry-sender.ts";
import type { RequestCodec } from "./stored-request.ts";

/** What an exporter brings to its {@link DeliveryChain}. */
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
  /** Whether the format has no place for some points: `encode` then says how many are `unsupported`. */
  readonly leavesOut?: boolean;
  /** Attributes of the exporter's own metrics besides its ID. */
  readonly attributes?: MeterAttributes;
  /** What the protocol calls an error, for the exporter's own metrics. */
  readonly errorTypeOf?: ErrorTypeOf;
  /** Those that it is likely to meet: they are counted from 0 on. */
  readonly knownErrors?: readonly KnownError[];
  /** Jitter: numbers from 0 up to, not including, 1. */
  readonly random?: () => number;
}

/** Of a request in the queue, in the unit of its `sizer`. */
export function sizeOf({ points, bytes }: DeliveryRequest, sizer: SendingQueueConfig["sizer"]): number {
  return sizer === "items" ? points : sizer === "bytes" ? bytes : 1;
}
