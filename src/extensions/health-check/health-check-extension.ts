import type { Component, Host, Settings } from "../../component/index.ts";
import { GrpcServer } from "../../grpc/index.ts";
import { HttpServer } from "../../net/index.ts";
import { admissionOf } from "./admission.ts";
import { type GrpcConfig, type HealthCheckConfig, type HttpConfig, httpOf, httpServerOf } from "./config.ts";
import { grpcHealthSettings } from "./grpc-health.ts";
import { HealthView } from "./health.ts";
import { HttpHealth } from "./http-health.ts";

/** For the last answers of streams. */
const STREAMS_END_MS = 500;

/** Tells over HTTP and gRPC how the collector, its pipelines and its components are. */
export class HealthCheckExtension implements Component {
  readonly #settings: Settings<HealthCheckConfig>;
  readonly #startedAt: number;
  #http: HttpServer | undefined;
  #grpc: GrpcServer | undefined;

  constructor(settings: Settings<HealthCheckConfig>) {
    this.#settings = settings;
    this.#startedAt = settings.clock.now();
  }

  /**
   * @throws CollectorError COMPONENT_START when an address cannot be bound, TLS_FILE when a TLS file cannot be used, AUTH
   * when there is no such authenticator
   */
  async start(host: Host): Promise<void> {
    const { config } = this.#settings;
    const http = httpOf(config);
    try {
      if (http !== undefined) await this.#serveHttp(host, http);
      if (config.grpc !== undefined) await this.#serveGrpc(host, config.grpc);
    } catch (error) {
      await this.shutdown(0);
      throw error;
    }
  }

  /** Extensions are the last to be shut down: it answers until everything else has stopped. */
  async shutdown(drainMs: number): Promise<void> {
    const [http, grpc] = [this.#http, this.#grpc];
    this.#http = undefined;
    this.#grpc = undefined;
    await Promise.all([http?.close(0), grpc?.close(Math.min(drainMs, STREAMS_END_MS))]);
  }

  async #serveHttp(host: Host, http: HttpConfig): Promise<void> {
    const { config, logger, clock } = this.#settings;
    const { endpoint, auth, server } = httpServerOf(config, http);
    const health = new HttpHealth(config, http, {
      admit: admissionOf(host, auth),
      clock,
      startedAt: this.#startedAt,
      view: () => this.#view(host),
      configText: () => host.config?.(),
    });
    this.#http = await HttpServer.listen({
      endpoint,
      config: server,
      methods: ["GET", "HEAD"],
      logger,
      now: () => clock.now(),
      handle: (request, response) => health.handle(request, response),
    });
    logger.info("Serving health checks.", { endpoint: this.#http.address });
  }

  async #serveGrpc(host: Host, grpc: GrpcConfig): Promise<void> {
    const { logger, clock } = this.#settings;
    this.#grpc = await GrpcServer.listen({
      ...grpcHealthSettings(grpc, {
        admit: admissionOf(host, grpc.auth),
        clock,
        view: () => this.#view(host),
      }),
      logger,
      now: () => clock.now(),
    });
    logger.info("Serving health checks over gRPC.", { endpoint: this.#grpc.address });
  }

  #view(host: Host): HealthView {
    const { config, clock } = this.#settings;
    return new HealthView(config.component_health, host.statuses?.() ?? [], clock.now());
  }
}
