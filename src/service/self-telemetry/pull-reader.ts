import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { MetricReader } from "@opentelemetry/sdk-metrics";
import { errorText } from "../../errors/index.ts";
import { CONTENT_TYPES, expose } from "./exposition.ts";
import type { PullConfig } from "./schema.ts";

/** Serves the collector's own metrics at /metrics, as text or, when the scraper prefers it, OpenMetrics. */
export class PullReader extends MetricReader {
  readonly #config: PullConfig;
  #server: Server | undefined;

  constructor(config: PullConfig) {
    super();
    this.#config = config;
  }

  /** Resolves to the port. @throws the listening socket's error, such as EADDRINUSE */
  async listen(): Promise<number> {
    const server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.writeHead(500, { "content-type": "text/plain" }).end(`${errorText(error)}\n`);
      });
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    server.listen({ host: this.#config.host, port: this.#config.port }, resolve);
    await promise;
    // A scraper that keeps its connection must not keep the process.
    server.unref();
    this.#server = server;
    return (server.address() as AddressInfo).port;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "/").split("?", 1)[0];
    if (path !== "/metrics") {
      response.writeHead(404, { "content-type": "text/plain" }).end("404 page not found\n");
      return;
    }
    const { resourceMetrics } = await this.collect();
    const format = request.headers.accept?.includes("application/openmetrics-text") ? "openmetrics" : "text";
    const body = expose(resourceMetrics, format, this.#config);
    response.writeHead(200, { "content-type": CONTENT_TYPES[format] }).end(body);
  }

  protected override async onForceFlush(): Promise<void> {}

  protected override async onShutdown(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    await new Promise((done) => {
      server.close(done);
      server.closeAllConnections();
    });
  }
}
