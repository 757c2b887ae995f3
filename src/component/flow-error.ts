import { CollectorError } from "../errors/index.ts";

interface ErrorOptions {
  readonly cause?: unknown;
}

/** The data was refused for good: sending it again cannot help. Whoever gets it drops and counts the data. */
export class PermanentError extends CollectorError {
  constructor(message: string, options?: ErrorOptions) {
    super("FLOW_PERMANENT", message, options);
  }
}

/** Not now: the same data may be accepted later. Any error that is not a PermanentError is treated likewise. */
export class RetryableError extends CollectorError {
  /** The least delay the refusing side asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options?: ErrorOptions & { readonly retryAfterMs?: number | undefined }) {
    super("FLOW_RETRYABLE", message, options);
    this.retryAfterMs = options?.retryAfterMs;
  }
}

/** Accepted but for `rejected` points, which were refused for good. Nothing is left to retry. */
export class PartialError extends CollectorError {
  readonly rejected: number;

  constructor(message: string, rejected: number, options?: ErrorOptions) {
    super("FLOW_PARTIAL", message, options);
    this.rejected = rejected;
  }
}

export function isPermanent(error: unknown): boolean {
  return error instanceof PermanentError || error instanceof PartialError;
}
