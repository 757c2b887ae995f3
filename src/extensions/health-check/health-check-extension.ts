import type { IncomingMessage, ServerResponse } from "node:http";
import type { Component, Host, Settings } from "../../component/index.ts";
import { HttpServer } from "../../net/index.ts";
import { type HealthCheckConfig, serverDefaults } from "./config.ts";
import { HealthView } from "./health.ts";

type Answer = (url: URL, response: ServerResponse) => void;

/** Tells over HTTP how the collector, its pipelines and its components are. */
export class HealthCheckExtension implements Component {
  readonly #settings: Settings<HealthCheckConfig>;
  readonly #startedAt: number;
  readonly #routes: ReadonlyMap<string, Answer>;
  #host: Host | undefined;
  #server: HttpServer | undefined;

  constructor(settings: Settings<HealthCheckConfig>) {
    this.#settings = settings;
    this.#startedAt = settings.clock.now();
    this.#routes = this.#routesOf(settings.config);
  }

  /** @throws CollectorError COMPONENT_START when the address cannot be bound, TLS_FILE when a TLS file cannot be used */
  async start(host: Host): Promise<void> {
    const { config, logger, clock } = this.#settings;
    this.#host = host;
    this.#server = await HttpServer.listen({
      endpoint: config.http.endpoint ?? config.endpoint,
      config: { ...serverDefaults, tls: config.tls, response_headers: config.response_headers },
      methods: ["GET", "HEAD"],
      logger,
      now: () => clock.now(),
      handle: async (request, response) => this.#answer(request, response),
    });
    logger.info("Serving health checks.", { endpoint: this.#server.address });
  }

  /** Extensions are the last to be shut down: it answers until everything else has stopped. */
  async shutdown(): Promise<void> {
    await this.#server?.close(0);
    this.#server = undefined;
  }

  #routesOf({ use_v2, path, http }: HealthCheckConfig): Map<string, Answer> {
    const routes = new Map<string, Answer>();
    if (http.liveness.enabled) routes.set(http.liveness.path, (_url, response) => this.#liveness(response));
    if (http.config.enabled) routes.set(http.config.path, (_url, response) => this.#config(response));
    if (http.status.enabled) routes.set(http.status.path, (url, response) => this.#status(url, response));
    if (!use_v2 && !routes.has(path)) routes.set(path, (_url, response) => this.#readiness(response));
    return routes;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    // Only path and query are looked at; the host part is there to make it a URL.
    const url = URL.parse(request.url ?? "/", "http://localhost");
    const route = url === null ? undefined : this.#routes.get(url.pathname);
    if (url === null || route === undefined) return void sendText(response, 404, "404 page not found\n");
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return void sendText(response, 405, "405 method not allowed, supported: [GET, HEAD]\n");
    }
    route(url, response);
  }

  get #view(): HealthView {
    const { config, clock } = this.#settings;
    return new HealthView(config.component_health, this.#host?.statuses?.() ?? [], clock.now());
  }

  /** The Collector's first health check, text for text. */
  #readiness(response: ServerResponse): void {
    const { config, clock } = this.#settings;
    const { healthy, unhealthy } = config.response_body ?? {};
    const available = this.#view.isRunning;
    const text = available ? healthy : unhealthy;
    if (text !== undefined) return void sendText(response, available ? 200 : 503, text);
    sendJson(response, available ? 200 : 503, {
      status: available ? "Server available" : "Server not available",
      upSince: new Date(this.#startedAt).toISOString(),
      uptime: `${(clock.now() - this.#startedAt) / 1000}s`,
    });
  }

  #liveness(response: ServerResponse): void {
    const failed = this.#view.hasFailed;
    sendJson(response, failed ? 500 : 200, { alive: !failed });
  }

  #status({ searchParams }: URL, response: ServerResponse): void {
    const view = this.#view;
    const verbose = searchParams.has("verbose") && searchParams.get("verbose") !== "false";
    const name = searchParams.get("pipeline");
    const health = name === null ? view.overall(verbose) : view.pipeline(name, verbose);
    if (health === undefined)
      return void sendText(response, 404, `404 no pipeline ${JSON.stringify(name)}\n`);
    const start = name === null ? { start_time: new Date(this.#startedAt).toISOString() } : {};
    sendJson(response, health.httpStatus, { ...start, ...health.report });
  }

  #config(response: ServerResponse): void {
    const text = this.#host?.config?.();
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
