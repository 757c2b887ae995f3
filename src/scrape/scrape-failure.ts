import { CollectorError, errorText } from "../errors/index.ts";
import { ExpositionError, ExpositionLimitError } from "../exposition/index.ts";
import { HttpError } from "../net/index.ts";
import type { LogFields } from "../telemetry/index.ts";

/** A response that is no exposition text, or more of it than allowed. */
export class ScrapeRefusal extends CollectorError {
  readonly reason: "content_type" | "sample_limit";

  constructor(reason: ScrapeRefusal["reason"], message: string) {
    super(reason === "sample_limit" ? "SCRAPE_LIMIT" : "SCRAPE_HTTP", message);
    this.reason = reason;
  }
}

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
    ...(error instanceof ExpositionError && { line: error.line, column: error.column, text: error.text }),
  };
}
