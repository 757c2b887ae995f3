import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { Socket } from "node:net";
import { reveal } from "../config/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { answerCors } from "./cors.ts";
import type { HttpServerConfig } from "./http-server-config.ts";
import { listen } from "./listen-address.ts";
import { TlsServerMaterial } from "./tls-server-material.ts";

export interface HttpServerSettings {
  /** `host:port` */
  readonly endpoint: string;
  readonly config: HttpServerConfig;
  /** What browsers are told that they may use. */
  readonly methods: readonly string[];
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Answers a request. An error it throws becomes a 500. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/** How much of a body that nobody wants is read all the same, so that its sender gets to see the answer. */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;

/** An HTTP/1.1 server with the Collector's options; TLS files are looked at again with each connection. */
export class HttpServer {
  /** Where it listens, as `host:port`. */
  readonly address: string;
  readonly #server: Server;
  readonly #state: { isClosing: boolean };

  private constructor(server: Server, address: string, state: { isClosing: boolean }) {
    this.#server = server;
    this.address = address;
    this.#state = state;
  }

  /** @throws CollectorError COMPONENT_START when the address cannot be bound, TLS_FILE when a TLS file cannot be used */
  static async listen(settings: HttpServerSettings): Promise<HttpServer> {
    const state = { isClosing: false };
    const server = createNodeServer(settings, (request, response) => {
      void answer(settings, state, request, response);
    });
    return new HttpServer(server, await listen(server, settings.endpoint), state);
  }

  /** Takes no more connections, lets requests under way finish for `drainMs`, then cuts them off. */
  async close(drainMs: number): Promise<void> {
    this.#state.isClosing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const timer = setTimeout(() => this.#server.closeAllConnections(), drainMs);
    await closed;
    clearTimeout(timer);
  }
}

function createNodeServer(
  { config, logger, now }: HttpServerSettings,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const { read_header_timeout, read_timeout, idle_timeout, keep_alives_enabled, tls } = config;
  const timeouts = {
    // Node refuses one above the other, which a whole request includes anyway.
    headersTimeout: read_timeout > 0 ? Math.min(read_header_timeout, read_timeout) : read_header_timeout,
    requestTimeout: read_timeout,
    keepAliveTimeout: idle_timeout,
  };
  let server: Server | TlsServer;
  if (tls === undefined) server = createServer(timeouts, onRequest);
  else {
    const material = new TlsServerMaterial({ config: tls, logger, now });
    const secure = createTlsServer({ ...timeouts, ...material.current }, onRequest);
    let used = material.current;
    // Before Node's own listener, which starts the handshake with the context that it then finds.
    secure.prependListener("connection", () => {
      const wanted = material.refresh();
      if (wanted !== used) secure.setSecureContext(wanted);
      used = wanted;
    });
    secure.on("tlsClientError", (error, socket: Socket) => {
      logger.debug("TLS handshake failed.", { error, peer: socket.remoteAddress });
    });
    server = secure;
  }
  if (!keep_alives_enabled) server.maxRequestsPerSocket = 1;
  return server;
}

async function answer(
  { config, methods, logger, handle }: HttpServerSettings,
  state: { readonly isClosing: boolean },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(config.response_headers)) {
    response.setHeader(name, reveal(value));
  }
  response.once("finish", () => discardRest(request));
  try {
    if (config.cors !== undefined && answerCors(config.cors, methods, request, response)) return;
    await handle(request, response);
  } catch (error) {
    // A client that went away is no fault of ours.
    if (!request.socket.destroyed) logger.error("Answering a request failed.", { error });
    if (!response.headersSent) response.writeHead(500).end();
  } finally {
    if (state.isClosing) request.socket.end();
  }
}

function discardRest(request: IncomingMessage): void {
  if (request.complete) return;
  let discarded = 0;
  request.on("data", (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > MAX_DISCARDED_BYTES) request.destroy();
  });
  request.resume();
}
