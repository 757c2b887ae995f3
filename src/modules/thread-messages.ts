import {
  type Client,
  PartialError,
  PermanentError,
  RetryableError,
  type UpstreamSettings,
} from "../component/index.ts";
import { errorText } from "../errors/index.ts";
import type { MetricsBatch } from "../metrics/index.ts";
import type { LogFields, LogLevel, MeterAttributes } from "../telemetry/index.ts";

/** What the thread is told. */
export type Request =
  | {
      readonly kind: "process";
      readonly number: number;
      readonly batch: MetricsBatch;
      readonly client: Client | undefined;
    }
  | { readonly kind: "shutdown"; readonly number: number; readonly drainMs: number };

/** The number of the answer that says that the processor was created and started. */
export const STARTED = 0;

/** What came of a request, in order of what was handed on. */
export type Answer =
  | { readonly kind: "done"; readonly number: number; readonly batches: readonly MetricsBatch[] }
  | { readonly kind: "failed"; readonly number: number; readonly error: ThreadError };

export const instrumentKinds = ["Counter", "UpDownCounter", "Histogram", "Gauge"] as const;

/** What the processor logs and measures. */
export type Note =
  | { readonly kind: "log"; readonly level: LogLevel; readonly message: string; readonly fields: LogFields }
  | {
      readonly kind: "measured";
      readonly instrument: (typeof instrumentKinds)[number];
      readonly name: string;
      readonly options: object | undefined;
      readonly value: number;
      readonly attributes: MeterAttributes | undefined;
    };

export interface ThreadData {
  readonly file: string;
  readonly type: string;
  readonly id: string;
  readonly config: unknown;
  readonly build: UpstreamSettings<unknown>["build"];
  readonly levels: readonly LogLevel[];
}

/** An error as it crosses: classes do not. */
export interface ThreadError {
  readonly message: string;
  readonly stack: string;
  readonly flow:
    | { readonly kind: "permanent" }
    | { readonly kind: "retryable"; readonly retryAfterMs: number | undefined }
    | { readonly kind: "partial"; readonly rejected: number }
    | undefined;
}

export function toThreadError(error: unknown): ThreadError {
  return {
    message: errorText(error),
    stack: error instanceof Error ? (error.stack ?? "") : "",
    flow: flowOf(error),
  };
}

function flowOf(error: unknown): ThreadError["flow"] {
  if (error instanceof PermanentError) return { kind: "permanent" };
  if (error instanceof PartialError) return { kind: "partial", rejected: error.rejected };
  if (error instanceof RetryableError) return { kind: "retryable", retryAfterMs: error.retryAfterMs };
  return undefined;
}

/** The error with the stack that it had in the thread. */
export function fromThreadError({ message, stack, flow }: ThreadError): Error {
  const error =
    flow === undefined
      ? new Error(message)
      : flow.kind === "permanent"
        ? new PermanentError(message)
        : flow.kind === "partial"
          ? new PartialError(message, flow.rejected)
          : new RetryableError(message, { retryAfterMs: flow.retryAfterMs });
  error.stack = stack;
  return error;
}
