import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, requestHeaders } from "../../component/index.ts";
import { formatDuration } from "../../config/index.ts";
import type { Admission } from "./admission.ts";
import type { HealthCheckConfig, HttpConfig } from "./config.ts";
import type { HealthView } from "./health.ts";

export interface HttpHealthParts {
  readonly admit: Admission;
  readonly clock: Clock;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** How everything is now. */
  readonly view: () => HealthView;
  /** The configuration in force as JSON, once there is one. */
  readonly configText: () => string | undefined;
}

/** Go's time that is not set. */
const NO_TIME = "0001-01-01T00:00:00Z";

type Answer = (url: URL, response: ServerResponse) => void;

/** What is served over HTTP, by path. */
export class HttpHealth {
  readonly #config: HealthCheckConfig;
  readonly #parts: HttpHealthParts;
  readonly #routes: ReadonlyMap<string, Answer>;

  constructor(config: HealthCheckConfig, http: HttpConfig, parts: HttpHealthParts) {
    this.#config = config;
    this.#parts = parts;
    this.#routes = this.#routesOf(http);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = await this.#parts.admit(requestHeaders(Object.entries(request.headers)));
    if (refusal !== undefined) {
      response.setHeader("WWW-Authenticate", refusal.challenge);
      return sendText(response, 401, `401 unauthorized: ${refusal.message}\n`);
    }
    // Only path and query are looked at; the host part is there to make it a URL.
    const url = URL.parse(request.url ?? "/", "http://localhost");
    const route = url === null ? undefined : this.#routes.get(url.pathname);
    if (url === null || route === undefined) return sendText(response, 404, "404 page not found\n");
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return sendText(response, 405, "405 method not allowed, supported: [GET, HEAD]\n");
    }
    route(url, response);
  }

  #routesOf({ liveness, config, status }: HttpConfig): Map<string, Answer> {
    const routes = new Map<string, Answer>();
    if (liveness.enabled) routes.set(liveness.path, (_url, response) => this.#liveness(response));
    if (config.enabled) routes.set(config.path, (_url, response) => this.#configuration(response));
    if (status.enabled) routes.set(status.path, (url, response) => this.#status(url, response));
    const { use_v2, path } = this.#config;
    if (!use_v2) routes.set(path, (_url, response) => this.#readiness(response));
    return routes;
  }

  /** The Collector's first health check, text for text. */
  #readiness(response: ServerResponse): void {
    const { clock, startedAt, view } = this.#parts;
    const { response_body: own } = this.#config;
    const available = view().isRunning;
    const code = available ? 200 : 503;
    if (own !== undefined) return void sendText(response, code, available ? own.healthy : own.unhealthy);
    sendJson(response, code, {
      status: available ? "Server available" : "Server not available",
      upSince: available ? new Date(startedAt).toISOString() : NO_TIME,
      uptime: available ? formatDuration(clock.now() - startedAt) : "",
    });
  }

  #liveness(response: ServerResponse): void {
    const failed = this.#parts.view().hasFailed;
    sendJson(response, failed ? 500 : 200, { alive: !failed });
  }

  #status({ searchParams }: URL, response: ServerResponse): void {
    const verbose = searchParams.has("verbose") && searchParams.get("verbose") !== "false";
    const pipeline = searchParams.get("pipeline") ?? "";
    const health = this.#parts.view().of(pipeline);
    if (health === undefined)
      return void sendText(response, 404, `404 no pipeline ${JSON.stringify(pipeline)}\n`);
    const start = { start_time: new Date(this.#parts.startedAt).toISOString() };
    sendJson(response, health.httpStatus, { ...start, ...health.report(verbose) });
  }

  #configuration(response: ServerResponse): void {
    const text = this.#parts.configText();
    if (text === undefined) return void sendText(response, 503, "503 no configuration yet\n");
    response.writeHead(200, { "content-type": "application/json" }).end(text);
  }
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(text);
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(value)}\n`);
}
