import {
  type ClientAuthenticator,
  type Component,
  type Consumer,
  findClientAuthenticator,
  type Host,
  PermanentError,
  RetryableError,
  type Settings,
} from "../../component/index.ts";
import { DeliveryChain } from "../../delivery/index.ts";
import { Batch } from "../../metrics/index.ts";
import { HttpClient, HttpError, userAgent } from "../../net/index.ts";
import {
  CONTENT_TYPE_JSON,
  CONTENT_TYPE_PROTOBUF,
  type EncodedBody,
  JsonMetricsEncoder,
  MetricsEncoder,
} from "../../otlp/index.ts";
import { type Compress, createCompress } from "./compress.ts";
import type { OtlpHttpConfig } from "./config.ts";
import { metricsUrl, urlWithoutQuery } from "./metrics-url.ts";
import { type OtlpRequest, requestCodec } from "./request.ts";
import { checkResponse, MAX_RESPONSE_BYTES } from "./response.ts";
import { endpointAttributes, errorTypeOf, knownErrors } from "./telemetry.ts";

/** The delivery chain's signal ends an attempt; the client's own timer must not. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

const UNAUTHORIZED = 401;

/** Posts batches to an OTLP/HTTP backend: encoded and compressed once, then queued, retried and sent by the chain. */
export class OtlpHttpExporter implements Component, Consumer {
  readonly #settings: Settings<OtlpHttpConfig>;
  readonly #url: URL;
  #retryable: ReadonlySet<number>;
  readonly #encoder = new MetricsEncoder();
  readonly #jsonEncoder = new JsonMetricsEncoder();
  readonly #compress: Compress;
  readonly #chain: DeliveryChain<OtlpRequest>;
  #client: HttpClient | undefined;
  #authenticator: ClientAuthenticator | undefined;

  constructor(settings: Settings<OtlpHttpConfig>) {
    const { config } = settings;
    const { compression, compression_params, encoding } = config;
    this.#settings = settings;
    this.#url = metricsUrl(config);
    this.#retryable = new Set(config.retryable_status_codes);
    this.#compress = createCompress(compression, compression_params.level);
    this.#chain = new DeliveryChain<OtlpRequest>({
      settings,
      queue: config.sending_queue,
      retry: config.retry_on_failure,
      timeoutMs: config.timeout,
      attributes: endpointAttributes(this.#url),
      errorTypeOf,
      knownErrors: knownErrors(this.#retryable),
      encode: (batches) => (encoding === "proto" ? this.#encodeProto(batches) : this.#encodeJson(batches)),
      send: (request, signal) => this.#send(request, signal),
      codec: requestCodec,
      format: encoding === "proto" ? CONTENT_TYPE_PROTOBUF : CONTENT_TYPE_JSON,
      measure: (batch) => this.#measure(batch),
    });
  }

  /** @throws CollectorError when a TLS file or the queue's storage cannot be used, or a header cannot be sent */
  async start(host: Host): Promise<void> {
    const { config, logger, build, clock } = this.#settings;
    this.#authenticator = config.auth && findClientAuthenticator(host, config.auth.authenticator);
    if (this.#authenticator?.refused !== undefined) {
      this.#retryable = new Set([...this.#retryable, UNAUTHORIZED]);
    }
    this.#client = await HttpClient.open({
      config,
      host,
      logger,
      userAgent: userAgent(build, process.platform, process.arch),
      keepAliveMs: config.idle_conn_timeout,
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
      await this.#client?.close();
    }
  }

  async #encodeProto(batches: readonly Batch[]): Promise<OtlpRequest> {
    const encoded = batches.map((batch) => this.#encoder.encode(batch));
    try {
      // Protobuf messages of one type, one after the other, are their union.
      const [first] = encoded;
      const bytes =
        encoded.length === 1 ? (first as EncodedBody).bytes : Buffer.concat(encoded.map((one) => one.bytes));
      const points = encoded.reduce((sum, { pointCount }) => sum + pointCount, 0);
      return await this.#compressed(bytes, CONTENT_TYPE_PROTOBUF, points);
    } finally {
      for (const one of encoded) one.release();
    }
  }

  async #encodeJson(batches: readonly Batch[]): Promise<OtlpRequest> {
    const [first] = batches;
    const batch =
      batches.length === 1
        ? (first as Batch)
        : Batch.from(batches.flatMap(({ resourceMetrics }) => resourceMetrics));
    const encoded = this.#jsonEncoder.encode(batch);
    try {
      return await this.#compressed(encoded.bytes, CONTENT_TYPE_JSON, encoded.pointCount);
    } finally {
      encoded.release();
    }
  }

  async #compressed(bytes: Uint8Array, contentType: string, points: number): Promise<OtlpRequest> {
    const { compression } = this.#settings.config;
    const body = await this.#compress(bytes);
    const contentEncoding = compression === "none" ? undefined : compression;
    return { body, points, bytes: body.length, contentType, contentEncoding };
  }

  #measure(batch: Batch): number {
    const encoded = this.#encoder.encode(batch);
    encoded.release();
    return encoded.bytes.length;
  }

  async #send({ body, contentType, contentEncoding }: OtlpRequest, signal: AbortSignal): Promise<void> {
    const client = this.#client;
    if (client === undefined) throw new RetryableError("the exporter has not been started");
    const response = await client
      .post({
        url: this.#url,
        headers: {
          "content-type": contentType,
          ...(contentEncoding !== undefined && { "content-encoding": contentEncoding }),
        },
        body,
        timeoutMs: NO_TIMEOUT_MS,
        maxResponseBytes: MAX_RESPONSE_BYTES,
        signal,
      })
      .catch((error: unknown) => {
        // A redirect that leads nowhere; everything below HTTP may be better the next time.
        const permanent = error instanceof HttpError && error.reason === "http_status";
        throw permanent ? new PermanentError(error.message, { cause: error }) : error;
      });
    if (response.status === UNAUTHORIZED) this.#authenticator?.refused?.();
    checkResponse(response, {
      url: urlWithoutQuery(this.#url),
      nowMs: this.#settings.clock.now(),
      retryable: this.#retryable,
    });
  }
}
