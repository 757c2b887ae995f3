import type { Readable } from "node:stream";
import { Agent, type Dispatcher, ProxyAgent } from "undici";
import { reveal, Secret } from "../config/index.ts";
import { errorText } from "../errors/index.ts";
import type { ApiAccess, ApiCredentials } from "./api-access.ts";
import { type ApiAction, ApiError, describeAction, statusError } from "./api-error.ts";

export interface ApiRequest {
  readonly action: ApiAction;
  /** Below the server's URL, such as `/api/v1/pods`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly accept?: string | undefined;
  /** Between two pieces of the answer, the headers being the first. */
  readonly silenceMs: number;
  readonly signal: AbortSignal;
  /** The status is 200; the first byte may be long in coming. */
  readonly onAnswer?: (() => void) | undefined;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** A server that is gone without a word is noticed within some 40 seconds. */
const TCP_KEEP_ALIVE_MS = 30_000;
const MAX_ERROR_BYTES = 64 * 1024;
const MAX_ERROR_TEXT = 300;
/** A longer wish is cut: the reason for it may be over by then. */
const MAX_RETRY_AFTER_MS = 5 * 60_000;

/**
 * GETs of the Kubernetes API as streams, HTTP/1.1 with keep-alive: a watch takes a connection of its own. When
 * certificates change, new requests go over new connections and those under way finish on the old.
 */
export class ApiClient {
  readonly access: ApiAccess;
  readonly #userAgent: string;
  readonly #now: () => number;
  readonly #dispatchers = new Set<Dispatcher>();
  #current: { readonly fingerprint: string; readonly dispatcher: Dispatcher } | undefined;
  /** The token that is sent, held so that it is redacted wherever it is quoted. */
  #token: Secret | undefined;
  #closed = false;

  /** @param now milliseconds since the epoch */
  constructor(access: ApiAccess, userAgent: string, now: () => number) {
    this.access = access;
    this.#userAgent = userAgent;
    this.#now = now;
  }

  /**
   * Reads the body of a response with status 200 into `onData`; what that throws ends the request.
   * @throws ApiError, or the reason of the signal when that was aborted
   */
  async stream(request: ApiRequest, onData: (chunk: Buffer) => void): Promise<void> {
    const { signal, action } = request;
    try {
      const response = await this.#send(request);
      if (response.statusCode !== 200) throw await this.#refusal(action, response);
      request.onAnswer?.();
      for await (const chunk of response.body as Readable) onData(chunk as Buffer);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof ApiError) throw error;
      throw transportError(action, error);
    }
  }

  /** Ends all requests and connections. */
  async close(): Promise<void> {
    this.#closed = true;
    this.access.close();
    await Promise.all([...this.#dispatchers].map((dispatcher) => dispatcher.destroy()));
    this.#dispatchers.clear();
  }

  async #send(request: ApiRequest): Promise<Dispatcher.ResponseData> {
    // What is aborted or closed meanwhile must not wait for a plugin, nor open a connection that nobody ends.
    const credentials = await abortable(this.access.credentials(), request.signal);
    if (this.#closed) throw new ApiError("connect", "the client is closed");
    const { authorization } = credentials;
    this.#conceal(authorization);
    const { server } = this.access;
    const query = new URLSearchParams(request.query).toString();
    return await this.#dispatcher(credentials).request({
      origin: server.origin,
      path: `${server.pathname.replace(/\/$/, "")}${request.path}${query === "" ? "" : `?${query}`}`,
      method: "GET",
      headers: {
        accept: request.accept ?? "application/json",
        "user-agent": this.#userAgent,
        ...(authorization !== undefined && { authorization }),
      },
      headersTimeout: request.silenceMs,
      bodyTimeout: request.silenceMs,
      signal: request.signal,
    });
  }

  #conceal(authorization: string | undefined): void {
    const token = authorization?.replace(/^\S+ /, "");
    if (token === undefined || (this.#token !== undefined && reveal(this.#token) === token)) return;
    this.#token = new Secret(token);
  }

  #dispatcher({ ca, cert, key }: ApiCredentials): Dispatcher {
    const fingerprint = JSON.stringify([ca, cert, key]);
    if (this.#current?.fingerprint === fingerprint) return this.#current.dispatcher;
    const { serverName, skipVerify, proxy } = this.access;
    const tls = {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(serverName !== undefined && { servername: serverName }),
      rejectUnauthorized: skipVerify !== true,
    };
    const connect = {
      ...tls,
      timeout: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    };
    const dispatcher =
      proxy === undefined
        ? new Agent({ connect, allowH2: false })
        : new ProxyAgent({ uri: proxy.href, requestTls: connect, allowH2: false });
    const old = this.#current?.dispatcher;
    if (old !== undefined) this.#retire(old);
    this.#dispatchers.add(dispatcher);
    this.#current = { fingerprint, dispatcher };
    return dispatcher;
  }

  /** Requests under way finish; close() ends them if they do not. */
  #retire(dispatcher: Dispatcher): void {
    dispatcher.close().then(
      () => this.#dispatchers.delete(dispatcher),
      () => this.#dispatchers.delete(dispatcher),
    );
  }

  async #refusal(action: ApiAction, response: Dispatcher.ResponseData): Promise<ApiError> {
    const { statusCode, headers, body } = response;
    if (statusCode === 401) this.access.refused();
    let text = "";
    for await (const chunk of body as Readable) {
      text += String(chunk);
      if (text.length > MAX_ERROR_BYTES) break;
    }
    return statusError(action, statusCode, messageOf(text), retryAfter(headers["retry-after"], this.#now()));
  }
}

/** @throws the signal's reason as soon as it is aborted */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** The message of a Status object, or the first line of whatever else came. */
function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === "string") return message.slice(0, MAX_ERROR_TEXT);
  } catch {
    // Not from the API server but from something in front of it.
  }
  return text.split("\n", 1)[0]?.trim().slice(0, MAX_ERROR_TEXT) ?? "";
}

/** Seconds or an HTTP date (RFC 9110 section 10.2.3), in milliseconds; undefined when it says nothing. */
function retryAfter(header: string | string[] | undefined, now: number): number | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

function transportError(action: ApiAction, cause: unknown): ApiError {
  const name = cause instanceof Error ? cause.name : "";
  const timeout = name === "HeadersTimeoutError" || name === "BodyTimeoutError";
  return new ApiError(
    timeout ? "timeout" : "connect",
    `cannot ${describeAction(action)}: ${timeout ? "the server fell silent" : errorText(cause)}`,
    { cause },
  );
}
