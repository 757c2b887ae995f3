import { PartialError, PermanentError, RetryableError } from "../../component/index.ts";
import type { PostResponse } from "../../net/index.ts";
import {
  CONTENT_TYPE_JSON,
  CONTENT_TYPE_PROTOBUF,
  decodeExportResponse,
  decodeExportResponseJson,
  decodeStatus,
  decodeStatusJson,
  type ExportResponse,
  OtlpDecodeError,
} from "../../otlp/index.ts";

/** How much of a response is read. */
export const MAX_RESPONSE_BYTES = 64 * 1024;

/** Statuses that OTLP allows to retry. */
export const RETRYABLE_STATUSES: readonly number[] = [429, 502, 503, 504];
const THROTTLING: ReadonlySet<number> = new Set([429, 503]);

/** The start of a text that an error message shows. */
const MAX_TEXT = 200;

export interface ResponseContext {
  /** As it may be shown. */
  readonly url: string;
  /** For a Retry-After that is a date. */
  readonly nowMs: number;
  /** Statuses after which the request may be sent again. */
  readonly retryable: ReadonlySet<number>;
}

/**
 * What the backend's answer means for the request (OTLP specification, section "OTLP/HTTP Response"). Returns on full
 * success.
 * @throws PartialError, RetryableError, PermanentError
 */
export function checkResponse(response: PostResponse, { url, nowMs, retryable }: ResponseContext): void {
  const { status, headers } = response;
  if (status >= 200 && status < 300) {
    const partial = successBody(response, url);
    if (partial === undefined) return;
    const rejected = Math.max(0, partial.rejectedDataPoints);
    if (rejected > 0 || partial.errorMessage !== "") {
      const reason = partial.errorMessage === "" ? "the backend gave no reason" : partial.errorMessage;
      throw new PartialError(`${url} rejected ${rejected} data points: ${reason}`, rejected);
    }
    return;
  }
  const message = `error exporting items, request to ${url} responded with HTTP Status Code ${status}`;
  const detail = errorDetail(response);
  const text = detail === "" ? message : `${message}, Message=${detail}`;
  if (!retryable.has(status)) throw answered(new PermanentError(text), status);
  const retryAfterMs = THROTTLING.has(status) ? parseRetryAfter(headers["retry-after"], nowMs) : undefined;
  throw answered(new RetryableError(text, { retryAfterMs }), status);
}

const statuses = new WeakMap<Error, number>();

function answered(error: Error, status: number): Error {
  statuses.set(error, status);
  return error;
}

/** The status of the answer that an error of {@link checkResponse} stands for; also where that is a cause of another. */
export function statusOf(error: unknown): number | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    const status = statuses.get(current);
    if (status !== undefined) return status;
  }
  return undefined;
}

/** Milliseconds to wait by a Retry-After header: seconds or an HTTP date (RFC 9110 section 10.2.3). */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  // Date.parse takes far more than HTTP dates: all three of their forms start with a day's name.
  const at = /^\s*[A-Z][a-z]{2,8},? /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

/** The body of a success; undefined when there is none or it is not OTLP's. */
function successBody({ headers, body }: PostResponse, url: string): ExportResponse | undefined {
  if (body.length === 0) return undefined;
  try {
    switch (mediaType(headers["content-type"])) {
      case CONTENT_TYPE_PROTOBUF:
        return decodeExportResponse(body);
      case CONTENT_TYPE_JSON:
        return decodeExportResponseJson(body);
      default:
        return undefined;
    }
  } catch (cause) {
    if (!(cause instanceof OtlpDecodeError)) throw cause;
    throw new PermanentError(`the response of ${url} cannot be decoded`, { cause });
  }
}

/** What the backend says about an error: the message of a google.rpc.Status, else the start of a text. */
function errorDetail({ headers, body }: PostResponse): string {
  const type = mediaType(headers["content-type"]);
  try {
    if (type === CONTENT_TYPE_PROTOBUF) return shorten(decodeStatus(body).message);
    if (type === CONTENT_TYPE_JSON) {
      const { message } = decodeStatusJson(body);
      if (message !== "") return shorten(message);
    }
  } catch (error) {
    // The answer is an error already: one that is not OTLP's own is shown as the text it may be.
    if (!(error instanceof OtlpDecodeError)) throw error;
  }
  const isText = type === CONTENT_TYPE_JSON || type.startsWith("text/");
  return isText && headers["content-encoding"] === undefined ? shorten(body.toString("utf8")) : "";
}

function shorten(text: string): string {
  const line = text.replaceAll(/[\p{C}\p{Z}]+/gu, " ").trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}…` : line;
}

function mediaType(contentType: string | undefined): string {
  return (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
