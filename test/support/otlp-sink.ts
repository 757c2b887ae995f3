import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import type { MetricsBatch } from "../../src/metrics/index.ts";
import {
  CONTENT_TYPE_JSON,
  CONTENT_TYPE_PROTOBUF,
  decodeMetrics,
  decodeMetricsJson,
  METRICS_PATH,
} from "../../src/otlp/index.ts";

/** How the sink answers a request; `{}` is plain success. */
export interface SinkAnswer {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Waits so long before it answers. */
  readonly delayMs?: number;
  /**
   * Never answers (`hang`), or ends the connection: at the first byte of the request's body, or in the middle of the
   * response's.
   */
  readonly fault?: "hang" | "reset-request" | "reset-response";
}

export interface SinkRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The body as it was sent. */
  readonly body: Buffer;
  /** The body without its Content-Encoding. */
  readonly content: Buffer;
  readonly batch: MetricsBatch;
  /** Whether it was answered with a 2xx status. */
  readonly accepted: boolean;
  readonly remotePort: number | undefined;
}

export interface SinkOptions {
  /** Makes it an HTTPS server. */
  readonly tls?: TlsOptions;
  /** The default is a free one. */
  readonly port?: number;
}

/**
 * An OTLP/HTTP backend for tests: decodes what it gets (protobuf and JSON; gzip, zstd, none), keeps it, and answers as
 * told. Close it at the end of the test.
 */
export class OtlpSink {
  /** Everything that could be decoded, in the order it came. */
  readonly requests: SinkRequest[] = [];
  /** Requests that are not OTLP metrics; they were answered with 400 or 404. */
  readonly malformed: { readonly path: string; readonly error: Error }[] = [];
  /** The answer to every request for which none is scheduled. */
  defaultAnswer: SinkAnswer = {};
  readonly #scheme: string;
  readonly #server;
  readonly #scheduled: SinkAnswer[] = [];
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  private constructor(options: SinkOptions) {
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response).catch((error) => {
        this.malformed.push({ path: request.url ?? "", error });
        response.destroy();
      });
    };
    this.#scheme = options.tls === undefined ? "http" : "https";
    this.#server = options.tls === undefined ? createServer(handle) : createTlsServer(options.tls, handle);
  }

  static async start(options: SinkOptions = {}): Promise<OtlpSink> {
    const sink = new OtlpSink(options);
    sink.#server.listen(options.port ?? 0, "127.0.0.1");
    await once(sink.#server, "listening");
    return sink;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The base URL, as an exporter's `endpoint`. */
  get endpoint(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  /** What was accepted. */
  get batches(): readonly MetricsBatch[] {
    return this.requests.filter(({ accepted }) => accepted).map(({ batch }) => batch);
  }

  /** The next requests are answered so, in this order. */
  answer(...answers: readonly SinkAnswer[]): void {
    this.#scheduled.push(...answers);
  }

  /** The next accepted batch that `next` has not given yet. */
  async next(): Promise<MetricsBatch> {
    const batch = await this.until(() => this.batches[this.#taken]);
    this.#taken++;
    return batch;
  }

  /** Waits until `probe` gives something; asked again after each request. */
  async until<T>(probe: () => T | undefined | false): Promise<T> {
    for (;;) {
      const found = probe();
      if (found !== undefined && found !== false) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = this.#scheduled.shift() ?? this.defaultAnswer;
    if (answer.fault === "reset-request") {
      request.once("data", () => request.socket.resetAndDestroy());
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const status = answer.status ?? 200;
    const accepted = answer.fault === undefined && status >= 200 && status < 300;
    try {
      this.requests.push({ ...read(request, Buffer.concat(chunks)), accepted });
    } catch (error) {
      this.malformed.push({ path: request.url ?? "", error: error as Error });
      response.writeHead(400, { "content-type": "text/plain" }).end(String(error));
      this.#wake();
      return;
    }
    if (answer.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, answer.delayMs));
    this.#respond(request, response, answer, status);
    this.#wake();
  }

  #respond(request: IncomingMessage, response: ServerResponse, answer: SinkAnswer, status: number): void {
    if (answer.fault === "hang") return;
    const contentType = request.headers["content-type"] ?? CONTENT_TYPE_PROTOBUF;
    const success = contentType === CONTENT_TYPE_JSON ? '{"partialSuccess":{}}' : "";
    const body = Buffer.from(answer.body ?? (status === 200 ? success : ""));
    const type = answer.body === undefined && status !== 200 ? {} : { "content-type": contentType };
    response.writeHead(status, { ...type, "content-length": body.length, ...answer.headers });
    if (answer.fault === "reset-response") {
      response.flushHeaders();
      setImmediate(() => request.socket.resetAndDestroy());
      return;
    }
    response.end(body);
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Number of data points in a batch. */
export function countPoints(batch: MetricsBatch): number {
  return batch
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap(({ metrics }) => metrics)
    .reduce((sum, { dataPoints }) => sum + dataPoints.length, 0);
}

function read(request: IncomingMessage, body: Buffer): Omit<SinkRequest, "accepted"> {
  const { method = "", url: path = "", headers, socket } = request;
  const content = decompress(body, headers["content-encoding"]);
  if (method !== "POST") throw new Error(`method ${method}`);
  if (!path.split("?", 1)[0]?.endsWith(METRICS_PATH)) throw new Error(`path ${path}`);
  return {
    method,
    path,
    headers,
    body,
    content,
    batch: decode(content, headers),
    remotePort: socket.remotePort,
  };
}

function decompress(body: Buffer, encoding: string | undefined): Buffer {
  switch (encoding) {
    case "gzip":
      return gunzipSync(body);
    case "zstd":
      return zstdDecompressSync(body);
    case undefined:
      return body;
    default:
      throw new Error(`content-encoding ${encoding}`);
  }
}

function decode(content: Buffer, headers: IncomingHttpHeaders): MetricsBatch {
  switch (headers["content-type"]) {
    case CONTENT_TYPE_PROTOBUF:
      return decodeMetrics(content);
    case CONTENT_TYPE_JSON:
      return decodeMetricsJson(content);
    default:
      throw new Error(`content-type ${headers["content-type"]}`);
  }
}
