import { CollectorError, type ErrorCode, errorText } from "../errors/index.ts";
import { ExpositionError, ExpositionLimitError } from "../exposition/index.ts";
import { HttpError } from "../net/index.ts";
import type { LogFields } from "../telemetry/index.ts";

const codes = {
  content_type: "SCRAPE_HTTP",
  invalid_series: "SCRAPE_PARSE",
  sample_limit: "SCRAPE_LIMIT",
  target_limit: "SCRAPE_LIMIT",
} as const satisfies Record<string, ErrorCode>;

/** A scrape that is not made, or whose response is not taken, for what is configured. */
export class ScrapeRefusal extends CollectorError {
  readonly reason: keyof typeof codes;

  constructor(reason: ScrapeRefusal["reason"], message: string, options?: { readonly cause?: unknown }) {
    super(codes[reason], message, options);
    this.reason = reason;
  }
}

/** Of a target that can be reached now and then; others come up with their first failure. */
export const usualFailures: readonly string[] = [
  ...["connect", "tls", "timeout", "http_status", "body_limit", "decode"],
  ...["content_type", "parse", "invalid_series", "sample_limit", "target_limit"],
  ...["label_limit", "label_name_length_limit", "label_value_length_limit"],
];

/** The cause of a failed scrape as a counter's attribute: connect, tls, timeout, http_status, parse, sample_limit, … */
export function failureReason(error: unknown): string {
  if (error instanceof HttpError || error instanceof ScrapeRefusal) return error.reason;
  if (error instanceof ExpositionLimitError) return error.limit;
  if (error instanceof ExpositionError) return "parse";
  return error instanceof CollectorError ? error.code.toLowerCase() : "other";
}

/** What the log says about a failed scrape. */
export function failureFields(error: unknown): LogFields {
  return {
    reason: failureReason(error),
    error: errorText(error),
    ...(error instanceof ExpositionError && place(error)),
  };
}

function place({ line, column, offset, text }: ExpositionError): LogFields {
  return line === undefined ? { offset, text } : { line, column, text };
}
