import type { IncomingHttpHeaders } from "node:http";
import { type ClientAuthenticator, findClientAuthenticator, type Host } from "../component/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { createBodyReader, PrefixReader } from "./body-reader.ts";
import { Deadline } from "./deadline.ts";
import { basicCredentials } from "./dial.ts";
import type { ExchangeResult } from "./exchange.ts";
import type { HttpClientConfig } from "./http-client-config.ts";
import { HttpError } from "./http-error.ts";
import type { Environment } from "./proxy.ts";
import { configuredHeaders, type HeaderValues, mergeHeaders, withoutCredentials } from "./request-headers.ts";
import type { ReusableBuffer } from "./reusable-buffer.ts";
import { Transport, type TransportRequest } from "./transport.ts";

export interface HttpClientSettings {
  readonly config: HttpClientConfig;
  readonly logger: Logger;
  /** Default "otelcol-kubevirt". */
  readonly userAgent?: string;
  /** How long an idle connection is kept; default 5 min, as Prometheus does. */
  readonly keepAliveMs?: number;
  /** Where HTTPS_PROXY and its like are looked up when no proxy is configured; default process.env. */
  readonly environment?: Environment;
  /** Where the authenticator of `config.auth` is found. */
  readonly host?: Host;
  /** Milliseconds since the epoch; default Date.now. */
  readonly now?: () => number;
}

export interface FetchBodyRequest {
  readonly url: string | URL;
  /** Of this request, such as Accept; configured headers go before them. */
  readonly headers?: HeaderValues;
  /** Headers that go before the configured ones, and like them not to another host after a redirect. */
  readonly credentials?: HeaderValues;
  /** For all of it: connecting, redirects, headers, body. */
  readonly timeoutMs: number;
  /** Bytes of the decoded body at which it is too large; 0: no limit. */
  readonly bodyLimitBytes: number;
  /** Takes the body; no other request may use it meanwhile. */
  readonly into: ReusableBuffer;
  /** Ends the request; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Default true. */
  readonly followRedirects?: boolean;
}

/** A response with status 200; its decoded body is in the request's buffer. */
export interface FetchedBody {
  readonly status: 200;
  readonly headers: IncomingHttpHeaders;
  /** The Content-Type as sent, "" without one. */
  readonly contentType: string;
  /** Bytes in the buffer. */
  readonly length: number;
}

export interface PostRequest {
  readonly url: string | URL;
  readonly headers?: HeaderValues;
  /** Must not be written to until the promise settles. */
  readonly body: Uint8Array;
  readonly timeoutMs: number;
  /** Of the response's body; a longer one is cut. */
  readonly maxResponseBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export interface PostResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Outgoing {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: HeaderValues;
  readonly credentials: HeaderValues | undefined;
  readonly body: Uint8Array | undefined;
  readonly followRedirects: boolean;
  /** The reader for every response that is no followed redirect. */
  readonly open: TransportRequest["open"];
}

const MAX_REDIRECTS = 10;
const KEEP_ALIVE_MS = 5 * 60_000;
/** A response that is not wanted is read this far, for the sake of its connection. */
const MAX_UNWANTED_BYTES = 16 * 1024;
const MAX_ERROR_TEXT = 200;

/**
 * HTTP/1.1 client with keep-alive for one component: TLS and credentials from files that may change, proxy,
 * redirects, one timeout for everything, typed errors. Any number of requests may run at once, each on a connection
 * of its own.
 */
export class HttpClient {
  readonly #transport: Transport;
  readonly #configured: HeaderValues;
  readonly #userAgent: string;
  readonly #authenticator: ClientAuthenticator | undefined;

  private constructor(
    transport: Transport,
    configured: HeaderValues,
    userAgent: string,
    authenticator: ClientAuthenticator | undefined,
  ) {
    this.#authenticator = authenticator;
    this.#transport = transport;
    this.#configured = configured;
    this.#userAgent = userAgent;
  }

  /**
   * Reads the configured files and gives a client that is ready; nothing is connected yet.
   * @throws CollectorError TLS_FILE or COMPONENT_START when a file is missing or unusable or a header cannot be sent,
   * AUTH when the authenticator is not there
   */
  static async open(settings: HttpClientSettings): Promise<HttpClient> {
    const configured = configuredHeaders(settings.config.headers);
    const authenticator = authenticatorOf(settings);
    const transport = await Transport.open({
      config: settings.config,
      logger: settings.logger,
      keepAliveMs: settings.keepAliveMs ?? KEEP_ALIVE_MS,
      environment: settings.environment ?? process.env,
      now: settings.now ?? Date.now,
    });
    return new HttpClient(transport, configured, settings.userAgent ?? "otelcol-kubevirt", authenticator);
  }

  /**
   * GETs a body into a reusable buffer.
   * @throws HttpError for everything but a complete response with status 200; what it left in the buffer is void
   */
  async fetchBody(request: FetchBodyRequest): Promise<FetchedBody> {
    const url = new URL(request.url);
    const { into, bodyLimitBytes } = request;
    let refusal: PrefixReader | undefined;
    const { status, headers } = await this.#withDeadline(request, {
      method: "GET",
      url,
      headers: { "accept-encoding": "gzip", ...request.headers },
      credentials: request.credentials,
      body: undefined,
      followRedirects: request.followRedirects ?? true,
      open: (code, responseHeaders, control) => {
        if (code === 200) return createBodyReader(responseHeaders, into, bodyLimitBytes, control);
        refusal = new PrefixReader(MAX_UNWANTED_BYTES);
        return refusal;
      },
    });
    if (status !== 200) {
      const text = refusal === undefined ? "" : errorSnippet(headers, refusal.content());
      const problem = text === "" ? `answered status ${status}` : `answered status ${status}: ${text}`;
      throw new HttpError("http_status", { method: "GET", url }, problem, { status });
    }
    return { status: 200, headers, contentType: headers["content-type"] ?? "", length: into.length };
  }

  /**
   * POSTs a body; any status is a response. Redirects that keep the method (307, 308) are followed.
   * @throws HttpError when there is no complete response
   */
  async post(request: PostRequest): Promise<PostResponse> {
    let reader: PrefixReader | undefined;
    const { status, headers } = await this.#withDeadline(request, {
      method: "POST",
      url: new URL(request.url),
      headers: request.headers ?? {},
      credentials: undefined,
      body: request.body,
      followRedirects: true,
      open: () => {
        reader = new PrefixReader(request.maxResponseBytes);
        return reader;
      },
    });
    return { status, headers, body: reader?.content() ?? Buffer.alloc(0) };
  }

  /** Ends all connections, with the requests on them, and waits until the sockets are closed. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #withDeadline(
    limits: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
    outgoing: Outgoing,
  ): Promise<ExchangeResult> {
    const deadline = new Deadline(limits.timeoutMs, limits.signal);
    try {
      return await this.#follow(outgoing, deadline.signal);
    } finally {
      deadline.clear();
    }
  }

  /** One request with its redirects. Off the origin that was asked for credentials are left out, for good. */
  async #follow(outgoing: Outgoing, signal: AbortSignal): Promise<ExchangeResult> {
    const { method, body } = outgoing;
    const followed = (status: number, headers: IncomingHttpHeaders): boolean =>
      outgoing.followRedirects && isRedirect(method, status) && headers.location !== undefined;
    await this.#transport.refresh();
    const authorized = await this.#authorized(outgoing);
    let url = outgoing.url;
    let anonymous = false;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const result = await this.#transport.send(
        {
          method,
          url,
          anonymous,
          headers: anonymous ? this.#anonymousHeaders(outgoing) : authorized,
          body,
          open: (status, headers, control) =>
            followed(status, headers)
              ? new PrefixReader(MAX_UNWANTED_BYTES)
              : outgoing.open(status, headers, control),
        },
        signal,
      );
      if (!followed(result.status, result.headers)) return result;
      url = redirectTarget(outgoing, url, result);
      anonymous ||= url.origin !== outgoing.url.origin;
    }
    throw new HttpError("http_status", outgoing, `more than ${MAX_REDIRECTS} redirects`);
  }

  #anonymousHeaders(outgoing: Outgoing): HeaderValues {
    return mergeHeaders({ "user-agent": this.#userAgent }, withoutCredentials(outgoing.headers));
  }

  async #authorized(outgoing: Outgoing): Promise<HeaderValues> {
    const own = { "user-agent": this.#userAgent };
    const configured = mergeHeaders(own, outgoing.headers, this.#configured, outgoing.credentials);
    const authorization =
      this.#transport.authorization ?? configured["authorization"] ?? basicCredentials(outgoing.url);
    const headers = authorization === undefined ? configured : { ...configured, authorization };
    if (this.#authenticator === undefined) return headers;
    return mergeHeaders(await this.#authenticator.authorize(headers));
  }
}

function authenticatorOf({ config, host }: HttpClientSettings): ClientAuthenticator | undefined {
  if (config.auth === undefined) return undefined;
  return findClientAuthenticator(host ?? { extension: () => undefined }, config.auth.authenticator);
}

/** Statuses whose Location is to be asked with the same method and body. */
function isRedirect(method: "GET" | "POST", status: number): boolean {
  return status === 307 || status === 308 || (method === "GET" && status >= 301 && status <= 303);
}

function redirectTarget(outgoing: Outgoing, from: URL, { status, headers }: ExchangeResult): URL {
  const location = headers.location ?? "";
  const target = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (target !== undefined && /^https?:$/.test(target.protocol)) return target;
  const problem = `redirect to ${JSON.stringify(location)}, allowed are http and https URLs`;
  throw new HttpError("http_status", outgoing, problem, { status });
}

/** The start of an error page, on one line; "" when it is no text. */
function errorSnippet(headers: IncomingHttpHeaders, body: Buffer): string {
  const type = headers["content-type"] ?? "text/plain";
  if (headers["content-encoding"] !== undefined || !/^(text\/|application\/(json|problem))/.test(type))
    return "";
  return body
    .toString("utf8")
    .replaceAll(/[\p{C}\p{Z}]+/gu, " ")
    .trim()
    .slice(0, MAX_ERROR_TEXT);
}
