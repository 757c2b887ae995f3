import {
  type Component,
  findServerAuthenticator,
  type Host,
  type ServerAuthenticator,
  type UpstreamSettings,
} from "../../component/index.ts";
import { GrpcServer } from "../../grpc/index.ts";
import { type AuthConfig, HttpServer } from "../../net/index.ts";
import { authenticated } from "./authenticated.ts";
import type { OtlpReceiverConfig } from "./config.ts";
import { grpcServerSettings } from "./grpc-protocol.ts";
import { createHttpHandler } from "./http-protocol.ts";
import { Intake } from "./intake.ts";
import { createTelemetry } from "./telemetry.ts";

/** Serves OTLP over HTTP and gRPC; a request is answered when the pipeline has taken or refused its data. */
export class OtlpReceiver implements Component {
  readonly #settings: UpstreamSettings<OtlpReceiverConfig>;
  readonly #intake: Intake;
  readonly #servers: (HttpServer | GrpcServer)[] = [];
  #closing: Promise<void> | undefined;

  constructor(settings: UpstreamSettings<OtlpReceiverConfig>) {
    this.#settings = settings;
    const { http, grpc } = settings.config.protocols;
    const transports = [http && ("http" as const), grpc && ("grpc" as const)].filter(
      (transport) => transport !== undefined,
    );
    this.#intake = new Intake(settings.next, createTelemetry(settings.meter, settings.id, transports));
  }

  /** @throws CollectorError when an address cannot be bound or a TLS file cannot be used */
  async start(host: Host): Promise<void> {
    const { config, logger, clock } = this.#settings;
    const { http, grpc } = config.protocols;
    const common = { logger, now: () => clock.now() };
    try {
      if (grpc !== undefined) {
        const server = await GrpcServer.listen({
          ...common,
          ...grpcServerSettings(grpc, this.#intake, authenticatorOf(host, grpc.auth)),
        });
        this.#servers.push(server);
        logger.info("Starting GRPC server.", { endpoint: server.address });
      }
      if (http !== undefined) {
        const handle = createHttpHandler(http, this.#intake);
        const authenticator = authenticatorOf(host, http.auth);
        const server = await HttpServer.listen({
          ...common,
          endpoint: http.endpoint,
          config: http,
          methods: ["POST"],
          handle: authenticator === undefined ? handle : authenticated(authenticator, handle),
        });
        this.#servers.push(server);
        logger.info("Starting HTTP server.", { endpoint: server.address });
      }
    } catch (error) {
      await this.shutdown(0);
      throw error;
    }
  }

  /** Requests under way get half of the time: what they brought has yet to get through the pipeline. */
  shutdown(drainMs: number): Promise<void> {
    this.#closing ??= this.#close(drainMs / 2);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close(drainMs)));
  }
}

function authenticatorOf(host: Host, auth: AuthConfig | undefined): ServerAuthenticator | undefined {
  return auth && findServerAuthenticator(host, auth.authenticator);
}
