import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { type Cleanup, createCertificateAuthority } from "../support/certificates.ts";

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const TEXT = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

/** Answers with a body as virt-handler does. */
export function body(text: string): Answer {
  return (response) => response.writeHead(200, { "content-type": TEXT }).end(text);
}

export const healthy: Answer = (response) =>
  response.writeHead(200, { "content-type": "application/json" }).end('{"apiserver":{"connectivity":"ok"}}');

export const hanging: Answer = () => {};

/**
 * An HTTPS server in a virt-handler's place that answers as told. Its certificate is for 127.0.0.1, so that nothing has
 * to be overridden.
 */
export class Handler {
  readonly caPem: string;
  /** Answers to the next scrapes, in this order. */
  readonly scheduled: Answer[] = [];
  /** The answer to every scrape for which none is scheduled. */
  metrics: Answer = body("");
  health: Answer = healthy;
  /** Requests that came, in order. */
  readonly requests: IncomingMessage[] = [];
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();

  private constructor(server: Server, caPem: string) {
    this.caPem = caPem;
    this.#server = server;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      this.requests.push(request);
      if (request.url === "/healthz") this.health(response, request);
      else (this.scheduled.shift() ?? this.metrics)(response, request);
      for (const resolve of this.#waiting) resolve();
      this.#waiting.clear();
    });
    // A client that refuses the certificate is part of some tests.
    server.on("tlsClientError", () => {});
  }

  static async start(cleanup: Cleanup, authority = createCertificateAuthority()): Promise<Handler> {
    const { certPem, keyPem } = authority.issue({ commonName: "virt-handler", ipAddresses: ["127.0.0.1"] });
    const handler = new Handler(createServer({ cert: certPem, key: keyPem }), authority.certPem);
    handler.#server.listen(0, "127.0.0.1");
    await once(handler.#server, "listening");
    cleanup.after(() => handler.close());
    return handler;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get metricsUrl(): string {
    return `${this.url}/metrics`;
  }

  get healthzUrl(): string {
    return `${this.url}/healthz`;
  }

  get scrapes(): readonly IncomingMessage[] {
    return this.requests.filter(({ url }) => url !== "/healthz");
  }

  /** Waits until `probe` holds; asked after each request. */
  async until(probe: () => boolean): Promise<void> {
    while (!probe()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
