import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { shownError } from "../../config/index.ts";
import { CollectorError } from "../../errors/index.ts";
import { bind } from "../http-listener.ts";
import type { ReloadServerConfig } from "./schema.ts";

/** Serves `POST /-/reload`: 200 when the new configuration is in force, 500 with the reasons when it is not. */
export class ReloadServer {
  readonly #server: Server;
  /** The one that is bound, also where a free one was asked for. */
  readonly port: number;
  readonly url: string;

  private constructor(server: Server, host: string, port: number) {
    this.#server = server;
    this.port = port;
    this.url = `http://${host}:${port}/-/reload`;
  }

  /**
   * @param reload rejects with the reason when the configuration that was read is not in force
   * @throws CollectorError COMPONENT_START when the address cannot be bound
   */
  static async listen(
    { host, port }: ReloadServerConfig,
    reload: () => Promise<void>,
  ): Promise<ReloadServer> {
    const server = createServer((request, response) => void answer(request, response, reload));
    try {
      return new ReloadServer(server, host, await bind(server, host, port));
    } catch (cause) {
      throw new CollectorError("COMPONENT_START", `cannot serve /-/reload on ${host}:${port}`, { cause });
    }
  }

  /** Listens no more when it returns; a request that is waiting for its reload still gets its answer. */
  close(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  reload: () => Promise<void>,
): Promise<void> {
  request.resume();
  const send = (status: number, text: string) =>
    response
      .writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" })
      .end(`${text}\n`);
  if ((request.url ?? "").split("?", 1)[0] !== "/-/reload") return void send(404, "404 page not found");
  if (request.method !== "POST") {
    response.setHeader("allow", "POST");
    return void send(405, "405 method not allowed, supported: [POST]");
  }
  // A page in somebody's browser must not be able to do this.
  if (request.headers.origin !== undefined) return void send(403, "403 not for web pages");
  try {
    await reload();
    send(200, "the new configuration is in force");
  } catch (error) {
    send(500, `the old configuration stays in force: ${shownError(error)}`);
  }
}
