import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { Connection } from "./connection.ts";
import type { HeaderValues } from "./request-headers.ts";

/** Takes a response body as it arrives. */
export interface BodyReader {
  /**
   * "pause" asks for no more until resume(); "enough" ends the response here, which costs the connection. What is
   * thrown fails the exchange. The chunk may be kept.
   */
  write(chunk: Buffer): "more" | "pause" | "enough";
  /** All of the body was written; resolves when it is processed. */
  end(): Promise<void>;
  /** The exchange failed or had enough; nothing more comes. */
  destroy(): void;
}

/** What a reader may do while the exchange runs. */
export interface ExchangeControl {
  resume(): void;
  fail(error: unknown): void;
}

export interface ExchangeRequest {
  readonly method: "GET" | "POST";
  /** Path and query, or the whole URL for a proxy. */
  readonly path: string;
  readonly headers: HeaderValues;
  readonly body?: Uint8Array | undefined;
  /** Picks the reader for the body once status and headers are there; what it throws fails the exchange. */
  open(status: number, headers: IncomingHttpHeaders, control: ExchangeControl): BodyReader;
}

export interface ExchangeResult {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Whether the body was read to its end, so that the connection can serve again. */
  readonly complete: boolean;
}

/** An exchange that failed, and whether any of the response had arrived by then. */
export class ExchangeFailure extends Error {
  readonly status: number | undefined;

  constructor(status: number | undefined, cause: unknown) {
    super("the exchange failed", { cause });
    this.status = status;
  }
}

/**
 * Sends one request over the connection and reads its response.
 * @param signal ends the exchange with its reason
 * @throws ExchangeFailure with what ended it as the cause; the connection is of no use then
 */
export function exchange(
  connection: Connection,
  request: ExchangeRequest,
  signal: AbortSignal,
): Promise<ExchangeResult> {
  return new Promise((resolve, reject) => {
    let status: number | undefined;
    let headers: IncomingHttpHeaders = {};
    let reader: BodyReader | undefined;
    let controller: Dispatcher.DispatchController | undefined;
    let settled = false;

    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      signal.removeEventListener("abort", onAbort);
      return true;
    };
    const onAbort = (): void => fail(signal.reason);
    const fail = (cause: unknown): void => {
      if (!settle()) return;
      reader?.destroy();
      reject(new ExchangeFailure(status, cause));
    };
    const succeed = (complete: boolean): void => {
      if (settle()) resolve({ status: status ?? 0, headers, complete });
    };
    const control: ExchangeControl = { resume: () => controller?.resume(), fail };
    // What a reader throws is its verdict on the response, not an error of the parser that called it.
    const guarded = (step: () => void): void => {
      if (settled) return;
      try {
        step();
      } catch (error) {
        fail(error);
      }
    };

    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener("abort", onAbort, { once: true });
    const { method, path, body } = request;
    connection.client.dispatch(
      { method, path, headers: { ...request.headers }, body: body === undefined ? null : body },
      {
        onRequestStart(started) {
          controller = started;
        },
        onResponseStart(_controller, statusCode, responseHeaders) {
          if (statusCode < 200) return;
          guarded(() => {
            status = statusCode;
            headers = responseHeaders;
            reader = request.open(statusCode, responseHeaders, control);
          });
        },
        onResponseData(running, chunk) {
          guarded(() => {
            const verdict = reader?.write(chunk);
            if (verdict === "pause") running.pause();
            if (verdict !== "enough") return;
            reader?.destroy();
            succeed(false);
          });
        },
        onResponseEnd() {
          if (!settled) reader?.end().then(() => succeed(true), fail);
        },
        onResponseError(_controller, error) {
          fail(error);
        },
      },
    );
  });
}
