import {
  type Component,
  type Consumer,
  PermanentError,
  RetryableError,
  type Settings,
} from "../../component/index.ts";
import { DeliveryChain, type DeliveryRequest } from "../../delivery/index.ts";
import type { Batch } from "../../metrics/index.ts";
import { HttpClient, HttpError } from "../../net/index.ts";
import {
  CONTENT_TYPE_JSON,
  CONTENT_TYPE_PROTOBUF,
  encodeMetricsJson,
  MetricsEncoder,
} from "../../otlp/index.ts";
import { type Compress, createCompress } from "./compress.ts";
import type { OtlpHttpConfig } from "./config.ts";
import { metricsUrl, printableUrl } from "./metrics-url.ts";
import { checkResponse, MAX_RESPONSE_BYTES } from "./response.ts";
import { endpointAttributes } from "./telemetry.ts";
import { userAgent } from "./user-agent.ts";

interface OtlpRequest extends DeliveryRequest {
  /** Encoded and compressed. */
  readonly body: Uint8Array;
}

/** The delivery chain's signal ends an attempt; the client's own timer must not. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

/** Posts batches to an OTLP/HTTP backend: encoded and compressed once, then queued, retried and sent by the chain. */
export class OtlpHttpExporter implements Component, Consumer {
  readonly #settings: Settings<OtlpHttpConfig>;
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #encoder = new MetricsEncoder();
  readonly #compress: Compress;
  readonly #chain: DeliveryChain<OtlpRequest>;
  #client: HttpClient | undefined;

  constructor(settings: Settings<OtlpHttpConfig>) {
    const { config } = settings;
    const { compression, compression_params, encoding } = config;
    this.#settings = settings;
    this.#url = metricsUrl(config);
    this.#headers = {
      "content-type": encoding === "proto" ? CONTENT_TYPE_PROTOBUF : CONTENT_TYPE_JSON,
      ...(compression !== "none" && { "content-encoding": compression }),
    };
    this.#compress = createCompress(compression, compression_params.level);
    this.#chain = new DeliveryChain<OtlpRequest>({
      settings,
      queue: config.sending_queue,
      retry: config.retry_on_failure,
      timeoutMs: config.timeout,
      attributes: endpointAttributes(this.#url),
      encode: (batch) => (encoding === "proto" ? this.#encodeProto(batch) : this.#encodeJson(batch)),
      send: (request, signal) => this.#send(request, signal),
    });
  }

  /** @throws CollectorError when a TLS file cannot be used or a header cannot be sent */
  async start(): Promise<void> {
    const { config, logger, build, clock } = this.#settings;
    this.#client = await HttpClient.open({
      config,
      logger,
      userAgent: userAgent(build, process.platform, process.arch),
      keepAliveMs: config.idle_conn_timeout,
      now: () => clock.now(),
    });
    this.#chain.start();
  }

  consume(batch: Batch): Promise<void> {
    return this.#chain.consume(batch);
  }

  async shutdown(drainMs: number): Promise<void> {
    await this.#chain.shutdown(drainMs);
    await this.#client?.close();
  }

  async #encodeProto(batch: Batch): Promise<OtlpRequest> {
    const encoded = this.#encoder.encode(batch);
    try {
      return requestOf(await this.#compress(encoded.bytes), encoded.pointCount);
    } finally {
      encoded.release();
    }
  }

  async #encodeJson(batch: Batch): Promise<OtlpRequest> {
    const points = batch.pointCount;
    return requestOf(await this.#compress(Buffer.from(encodeMetricsJson(batch))), points);
  }

  async #send({ body }: OtlpRequest, signal: AbortSignal): Promise<void> {
    const client = this.#client;
    if (client === undefined) throw new RetryableError("the exporter has not been started");
    const response = await client
      .post({
        url: this.#url,
        headers: this.#headers,
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
    checkResponse(response, printableUrl(this.#url), this.#settings.clock.now());
  }
}

function requestOf(body: Uint8Array, points: number): OtlpRequest {
  return { body, points, bytes: body.length };
}
