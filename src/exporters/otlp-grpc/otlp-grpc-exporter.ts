import {
  type ClientAuthenticator,
  type Component,
  type Consumer,
  findClientAuthenticator,
  type Host,
  RetryableError,
  type Settings,
} from "../../component/index.ts";
import { DeliveryChain } from "../../delivery/index.ts";
import { compressMessage, EXPORT_METRICS, GrpcClient } from "../../grpc/index.ts";
import type { Batch } from "../../metrics/index.ts";
import { userAgent } from "../../net/index.ts";
import { MetricsEncoder } from "../../otlp/index.ts";
import { callError, checkAnswer, errorTypeOf, isUnauthenticated, KNOWN_ERRORS } from "./call-outcome.ts";
import { type OtlpGrpcConfig, usesTls } from "./config.ts";
import { type OtlpGrpcRequest, requestCodec, requestOf } from "./request-codec.ts";
import { type GrpcTarget, parseTarget } from "./target.ts";

/** Sends batches to an OTLP/gRPC backend: encoded and compressed once, then queued, retried and sent by the chain. */
export class OtlpGrpcExporter implements Component, Consumer {
  readonly #settings: Settings<OtlpGrpcConfig>;
  readonly #target: GrpcTarget;
  readonly #encoder = new MetricsEncoder();
  readonly #chain: DeliveryChain<OtlpGrpcRequest>;
  #client: GrpcClient | undefined;
  #authenticator: ClientAuthenticator | undefined;

  constructor(settings: Settings<OtlpGrpcConfig>) {
    const { config } = settings;
    this.#settings = settings;
    this.#target = parseTarget(config.endpoint) as GrpcTarget;
    const { server } = this.#target;
    this.#chain = new DeliveryChain<OtlpGrpcRequest>({
      settings,
      queue: config.sending_queue,
      retry: config.retry_on_failure,
      timeoutMs: config.timeout,
      ...(server !== undefined && {
        attributes: { "server.address": server.host, "server.port": server.port },
      }),
      errorTypeOf,
      knownErrors: KNOWN_ERRORS,
      codec: requestCodec,
      format: EXPORT_METRICS,
      encode: (batches) => this.#encode(batches),
      measure: (batch) => this.#measure(batch),
      send: (request, signal) => this.#send(request, signal),
    });
  }

  /** @throws CollectorError when a TLS file or the queue's storage cannot be used, a header cannot be sent, or the authenticator is not there */
  async start(host: Host): Promise<void> {
    const { config, logger, build, clock } = this.#settings;
    const { keepalive, auth } = config;
    this.#authenticator = auth && findClientAuthenticator(host, auth.authenticator);
    this.#client = await GrpcClient.open({
      target: this.#target.target,
      tls: usesTls(config) ? config.tls : undefined,
      headers: config.headers,
      authenticator: this.#authenticator,
      userAgent: config.user_agent ?? userAgent(build, process.platform, process.arch),
      authority: config.authority,
      balancer: config.balancer_name,
      keepalive:
        keepalive === undefined
          ? undefined
          : {
              timeMs: keepalive.time,
              timeoutMs: keepalive.timeout,
              permitWithoutStream: keepalive.permit_without_stream,
            },
      waitForReady: config.wait_for_ready,
      logger,
      now: () => clock.now(),
    });
    await this.#chain.start(host);
  }

  consume(batch: Batch): Promise<void> {
    return this.#chain.consume(batch);
  }

  handOver(successor: Component | undefined): Promise<void> {
    return this.#chain.handOver(successor);
  }

  inherit(legacy: unknown): Promise<void> {
    return this.#chain.inherit(legacy);
  }

  async shutdown(drainMs: number): Promise<void> {
    try {
      await this.#chain.shutdown(drainMs);
    } finally {
      this.#client?.close();
    }
  }

  /** Several batches make one request by standing one after the other: their resources are one repeated field. */
  async #encode(batches: readonly Batch[]): Promise<OtlpGrpcRequest> {
    const { compression } = this.#settings.config;
    const encoding = compression === "none" ? undefined : compression;
    const bodies = batches.map((batch) => this.#encoder.encode(batch));
    try {
      const [first] = bodies;
      const bytes =
        bodies.length === 1 && first !== undefined
          ? first.bytes
          : Buffer.concat(bodies.map((body) => body.bytes));
      const points = bodies.reduce((sum, { pointCount }) => sum + pointCount, 0);
      return requestOf(await compressMessage(bytes, encoding), encoding, points);
    } finally {
      for (const body of bodies) body.release();
    }
  }

  #measure(batch: Batch): number {
    const body = this.#encoder.encode(batch);
    const { length } = body.bytes;
    body.release();
    return length;
  }

  async #send({ body, encoding }: OtlpGrpcRequest, signal: AbortSignal): Promise<void> {
    const client = this.#client;
    if (client === undefined) throw new RetryableError("the exporter has not been started");
    const { endpoint, timeout } = this.#settings.config;
    const call = { path: EXPORT_METRICS, message: body, encoding, timeoutMs: timeout, signal };
    const answer = await client.unary(call).catch((error: unknown) => {
      const canRenew = this.#authenticator?.refused !== undefined;
      if (isUnauthenticated(error)) this.#authenticator?.refused?.();
      throw callError(error, endpoint, canRenew);
    });
    checkAnswer(answer, endpoint);
  }
}
