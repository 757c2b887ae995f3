import type { IncomingHttpHeaders } from "node:http";
import { errorText } from "../errors/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { type Connection, ConnectionPool, type Dial } from "./connection.ts";
import { Credentials } from "./credentials.ts";
import { basicCredentials, dial } from "./dial.ts";
import {
  type BodyReader,
  type ExchangeControl,
  ExchangeFailure,
  type ExchangeResult,
  exchange,
} from "./exchange.ts";
import type { HttpClientConfig } from "./http-client-config.ts";
import { HttpError, TransportError, toHttpError } from "./http-error.ts";
import { createProxySelector, type Environment, type ProxySelector } from "./proxy.ts";
import { type HeaderValues, mergeHeaders } from "./request-headers.ts";
import { TlsMaterial, type TlsSettings } from "./tls-material.ts";

export interface TransportSettings {
  readonly config: HttpClientConfig;
  readonly logger: Logger;
  readonly keepAliveMs: number;
  readonly environment: Environment;
  readonly now: () => number;
}

export interface TransportRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  /** For a host that is not the configured one: no client certificate, no server name override. */
  readonly anonymous: boolean;
  readonly headers: HeaderValues;
  readonly body: Uint8Array | undefined;
  readonly open: (status: number, headers: IncomingHttpHeaders, control: ExchangeControl) => BodyReader;
}

/** How to reach a URL. */
interface Route {
  /** Connections with the same key may serve each other's requests. */
  readonly key: string;
  /** The HTTP server at the connection's end. */
  readonly end: URL;
  readonly dial: Dial;
  readonly path: string;
  readonly headers: HeaderValues;
}

/**
 * Single requests over kept connections, by the TLS files and credentials as they are on disk at that moment. When
 * TLS files change, new connections take the new ones and the old connections end with their requests.
 */
export class Transport {
  readonly #logger: Logger;
  readonly #keepAliveMs: number;
  readonly #material: TlsMaterial;
  readonly #credentials: Credentials | undefined;
  readonly #proxyFor: ProxySelector;
  readonly #draining = new Set<ConnectionPool>();
  #tls: TlsSettings;
  #authorization: string | undefined;
  #pool: ConnectionPool;
  #refreshing: Promise<void> | undefined;
  #problem = "";
  #closed = false;

  private constructor(
    settings: TransportSettings,
    material: TlsMaterial,
    credentials: Credentials | undefined,
    tls: TlsSettings,
    authorization: string | undefined,
  ) {
    this.#logger = settings.logger;
    this.#keepAliveMs = settings.keepAliveMs;
    this.#proxyFor = createProxySelector(settings.config.proxy_url, settings.environment);
    this.#material = material;
    this.#credentials = credentials;
    this.#tls = tls;
    this.#authorization = authorization;
    this.#pool = new ConnectionPool(settings.keepAliveMs);
  }

  /** @throws CollectorError TLS_FILE or COMPONENT_START when a configured file is missing or unusable */
  static async open(settings: TransportSettings): Promise<Transport> {
    const { config, now } = settings;
    const material = new TlsMaterial(config.tls, now);
    const credentials = config.authorization && new Credentials(config.authorization, now);
    return new Transport(
      settings,
      material,
      credentials,
      await material.refresh(),
      await credentials?.refresh(),
    );
  }

  /** The value of the Authorization header, as of the last refresh. */
  get authorization(): string | undefined {
    return this.#authorization;
  }

  /** Looks for changed files, once for all requests that ask meanwhile. Never fails: the last good ones stay in use. */
  async refresh(): Promise<void> {
    this.#refreshing ??= this.#look().finally(() => {
      this.#refreshing = undefined;
    });
    await this.#refreshing;
  }

  /**
   * Sends a request and reads the response with what `open` gives.
   * @throws HttpError, or the reason of the signal when that was aborted
   */
  async send(request: TransportRequest, signal: AbortSignal): Promise<ExchangeResult> {
    if (this.#closed) throw new HttpError("connect", request, "the client is closed");
    const route = this.#route(request);
    const first = this.#pool.acquire(route.key, route.end, route.dial);
    try {
      return await this.#exchange(first, route, request, signal);
    } catch (error) {
      if (!this.#unseen(first, request, error)) throw this.#typed(error, request, signal);
    }
    // The server ended the idle connection while the request was on its way (RFC 9110 section 9.2.2).
    const fresh = this.#pool.create(route.key, route.end, route.dial);
    try {
      return await this.#exchange(fresh, route, request, signal);
    } catch (error) {
      throw this.#typed(error, request, signal);
    }
  }

  /** Ends all connections, with the requests on them, and waits until the sockets are closed. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#pool, ...this.#draining].map((pool) => pool.close()));
  }

  async #exchange(
    connection: Connection,
    route: Route,
    request: TransportRequest,
    signal: AbortSignal,
  ): Promise<ExchangeResult> {
    const pool = this.#pool;
    try {
      const { method, body, open } = request;
      const headers = mergeHeaders(request.headers, route.headers);
      const result = await exchange(connection, { method, path: route.path, headers, body, open }, signal);
      if (result.complete) pool.release(connection);
      else pool.discard(connection);
      return result;
    } catch (error) {
      pool.discard(connection);
      throw error;
    }
  }

  /** Whether a GET failed because a kept connection was at its end: nothing of a response, and not for dialling. */
  #unseen(connection: Connection, request: TransportRequest, error: unknown): boolean {
    if (!(error instanceof ExchangeFailure) || this.#closed) return false;
    if (connection.served === 0 || request.method !== "GET" || error.status !== undefined) return false;
    return !(error.cause instanceof TransportError) && toHttpError(error.cause, request).reason === "connect";
  }

  #typed(error: unknown, request: TransportRequest, signal: AbortSignal): unknown {
    const { cause, status } = error instanceof ExchangeFailure ? error : { cause: error, status: undefined };
    if (signal.aborted && cause === signal.reason && !(cause instanceof TransportError)) return cause;
    if (this.#closed) return new HttpError("connect", request, "the client was closed", { cause });
    return toHttpError(cause, request, status);
  }

  #route(request: TransportRequest): Route {
    const { url, anonymous } = request;
    const proxy = this.#proxyFor(url);
    const tls = this.#tls;
    const route = {
      key: `${url.origin}${anonymous ? " anonymous" : ""}`,
      end: url,
      dial: (signal: AbortSignal) => dial({ origin: url, proxy, tls, anonymous, signal }),
      path: `${url.pathname}${url.search}`,
      headers: {},
    };
    if (proxy === undefined || url.protocol === "https:") return route;
    // Plain http goes to the proxy in absolute form (RFC 9112 section 3.2.2).
    const credentials = basicCredentials(proxy);
    return {
      ...route,
      end: proxy,
      path: `${url.origin}${route.path}`,
      headers: {
        ...(request.headers["host"] === undefined ? { host: url.host } : {}),
        ...(credentials === undefined ? {} : { "proxy-authorization": credentials }),
      },
    };
  }

  async #look(): Promise<void> {
    const problems: unknown[] = [];
    try {
      this.#use(await this.#material.refresh());
    } catch (error) {
      problems.push(error);
    }
    try {
      this.#authorization = await this.#credentials?.refresh();
    } catch (error) {
      problems.push(error);
    }
    // Said once, not at every request; again when the problem changes or comes back.
    const problem = problems.map(errorText).join("; ");
    if (problem !== "" && problem !== this.#problem) {
      this.#logger.warn("Changed files cannot be used, the last good ones stay in use.", { error: problem });
    }
    this.#problem = problem;
  }

  #use(tls: TlsSettings): void {
    if (tls === this.#tls || this.#closed) return;
    this.#logger.info("TLS files changed, new connections use them.");
    this.#tls = tls;
    this.#pool.drain();
    this.#draining.add(this.#pool);
    for (const pool of this.#draining) if (pool.empty) this.#draining.delete(pool);
    this.#pool = new ConnectionPool(this.#keepAliveMs);
  }
}
