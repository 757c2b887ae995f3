import { errors } from "undici";
import { redactPatterns } from "../config/index.ts";
import { CollectorError, type ErrorCode, errorText } from "../errors/index.ts";

/** Why a request failed, as the value of a counter's attribute. */
export type HttpErrorReason = "connect" | "tls" | "timeout" | "http_status" | "body_limit" | "decode";

const codes: Readonly<Record<HttpErrorReason, ErrorCode>> = {
  connect: "SCRAPE_CONNECT",
  tls: "SCRAPE_TLS",
  timeout: "SCRAPE_TIMEOUT",
  http_status: "SCRAPE_HTTP",
  body_limit: "SCRAPE_LIMIT",
  decode: "SCRAPE_HTTP",
};

/** A request that gave no usable response. The message names method and URL, the URL without credentials. */
export class HttpError extends CollectorError {
  readonly reason: HttpErrorReason;
  /** The URL without credentials. */
  readonly url: string;
  /** The response's status, where one was received. */
  readonly status: number | undefined;

  constructor(
    reason: HttpErrorReason,
    request: { readonly method: string; readonly url: URL },
    problem: string,
    details: { readonly status?: number | undefined; readonly cause?: unknown } = {},
  ) {
    const url = printableUrl(request.url);
    super(
      codes[reason],
      `${request.method} ${url}: ${problem}`,
      details.cause === undefined ? {} : { cause: details.cause },
    );
    this.reason = reason;
    this.url = url;
    this.status = details.status;
  }
}

/** A failure below HTTP, or of the body, before the request it belongs to is known; becomes the cause's text. */
export class TransportError extends Error {
  readonly reason: HttpErrorReason;

  constructor(reason: HttpErrorReason, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}

/** The typed error for whatever ended a request; errors that are typed already pass. */
export function toHttpError(
  error: unknown,
  request: { readonly method: string; readonly url: URL },
  status?: number | undefined,
): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof TransportError) {
    return new HttpError(error.reason, request, error.message, { status, cause: error.cause });
  }
  const reason = reasonOf(error);
  return new HttpError(reason, request, `${problems[reason]}: ${errorText(error)}`, { status, cause: error });
}

/**
 * The URL as it may be shown: without user name and password, and without what its query has under the names of secrets.
 * Always the same for the same URL, as it is an attribute of metrics too.
 */
export function printableUrl(url: URL): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  return redactPatterns(shown.href);
}

const problems = {
  connect: "the connection broke",
  tls: "TLS failed",
  decode: "the response is not valid HTTP",
} as const;

function reasonOf(error: unknown): keyof typeof problems {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  // TLS 1.3 servers refuse a client certificate only after the handshake: the alert comes with the first read.
  if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) return "tls";
  if (code === "HPE_INVALID_EOF_STATE") return "connect";
  if (error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError)
    return "decode";
  return "connect";
}
