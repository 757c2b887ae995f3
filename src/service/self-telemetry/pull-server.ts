import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { shownError } from "../../config/index.ts";
import { bind, closeServer } from "../http-listener.ts";
import { CONTENT_TYPES, expose } from "./exposition.ts";
import { negotiateFormat } from "./negotiate-format.ts";
import type { PullConfig } from "./schema.ts";

/** Serves the collector's own metrics at /metrics, as text or, when the scraper prefers it, OpenMetrics. */
export class PullServer {
  readonly #server: Server;
  readonly port: number;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** @throws the listening socket's error, such as EADDRINUSE */
  static async listen(config: PullConfig, collect: () => Promise<ResourceMetrics>): Promise<PullServer> {
    const server = createServer((request, response) => {
      answer(request, response, config, collect).catch((error: unknown) => {
        response.writeHead(500, { "content-type": "text/plain" }).end(`${shownError(error)}\n`);
      });
    });
    return new PullServer(server, await bind(server, config.host, config.port));
  }

  async close(): Promise<void> {
    await closeServer(this.#server);
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  config: PullConfig,
  collect: () => Promise<ResourceMetrics>,
): Promise<void> {
  const path = (request.url ?? "/").split("?", 1)[0];
  if (path !== "/metrics") {
    response.writeHead(404, { "content-type": "text/plain" }).end("404 page not found\n");
    return;
  }
  const format = negotiateFormat(request.headers.accept);
  const body = expose(await collect(), format, config);
  response.writeHead(200, { "content-type": CONTENT_TYPES[format] }).end(body);
}
