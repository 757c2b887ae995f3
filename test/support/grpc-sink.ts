import { once } from "node:events";
import {
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import type { MetricsBatch } from "../../src/metrics/index.ts";
import { decodeMetrics } from "../../src/otlp/index.ts";

/** How the sink answers a call; `{}` is plain success. */
export interface GrpcAnswer {
  /** The message; default the two bytes of a success. */
  readonly body?: Uint8Array;
  /** Compression of the message that the headers name, and whether the frame says that it is compressed. */
  readonly encoding?: string;
  /** Default 0. */
  readonly code?: number;
  readonly message?: string;
  readonly trailers?: Readonly<Record<string, string>>;
  /** An HTTP status in place of 200, without any gRPC. */
  readonly status?: number;
  /** Never answers, or ends the connection. */
  readonly fault?: "hang" | "reset";
}

export interface GrpcCall {
  readonly headers: IncomingHttpHeaders;
  /** The message as it was sent. */
  readonly message: Buffer;
  readonly isCompressed: boolean;
  readonly batch: MetricsBatch;
  readonly session: ServerHttp2Session;
}

/**
 * An OTLP/gRPC backend for tests, on nothing but node:http2: it keeps what it gets and answers as told. Close it at the
 * end of the test.
 */
export class GrpcSink {
  readonly calls: GrpcCall[] = [];
  /** Of a call without a scheduled one. */
  defaultAnswer: GrpcAnswer = {};
  /** HTTP/2 pings that came. */
  pings = 0;
  readonly sessions = new Set<ServerHttp2Session>();
  readonly #scheduled: GrpcAnswer[] = [];
  readonly #server;
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  private constructor(tls: SecureServerOptions | undefined) {
    this.#server = tls === undefined ? createServer() : createSecureServer(tls);
    this.#server.on("session", (session: ServerHttp2Session) => {
      this.sessions.add(session);
      session.on("error", () => {});
      session.on("ping", () => {
        this.pings += 1;
        this.#wake();
      });
      session.once("close", () => this.sessions.delete(session));
    });
    this.#server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      stream.on("error", () => {});
      void this.#answer(stream, headers).catch(() => stream.destroy());
    });
  }

  static async start(options: { readonly tls?: SecureServerOptions; readonly port?: number } = {}) {
    const sink = new GrpcSink(options.tls);
    sink.#server.listen(options.port ?? 0, "127.0.0.1");
    await once(sink.#server, "listening");
    return sink;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get endpoint(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The answers of the next calls, one each. */
  schedule(...answers: readonly GrpcAnswer[]): void {
    this.#scheduled.push(...answers);
  }

  /** The next call that nobody has taken yet, as soon as it is there. */
  async next(): Promise<GrpcCall> {
    await this.until(() => this.calls.length > this.#taken);
    return this.calls[this.#taken++] as GrpcCall;
  }

  /** Settles when the condition holds after a call or a ping. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const session of this.sessions) session.destroy();
    await closed;
  }

  async #answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const frame = Buffer.concat(await Array.fromAsync(stream));
    const message = frame.subarray(5, 5 + frame.readUInt32BE(1));
    const isCompressed = frame[0] === 1;
    const decompress = { gzip: gunzipSync, zstd: zstdDecompressSync }[String(headers["grpc-encoding"])];
    const content = isCompressed && decompress !== undefined ? decompress(message) : message;
    const session = stream.session as ServerHttp2Session;
    this.calls.push({ headers, message, isCompressed, batch: decodeMetrics(content), session });
    this.#wake();
    const answer = this.#scheduled.shift() ?? this.defaultAnswer;
    if (answer.fault === "hang") return;
    if (answer.fault === "reset") return session.destroy();
    if (answer.status !== undefined) {
      stream.respond({ ":status": answer.status, "content-type": "text/plain" });
      stream.end("no gRPC here");
      return;
    }
    const { body = Uint8Array.of(0x0a, 0x00), code = 0, encoding } = answer;
    stream.respond(
      {
        ":status": 200,
        "content-type": "application/grpc",
        ...(encoding !== undefined && { "grpc-encoding": encoding }),
      },
      { waitForTrailers: true },
    );
    stream.once("wantTrailers", () => {
      stream.sendTrailers({
        "grpc-status": String(code),
        ...(answer.message !== undefined && { "grpc-message": encodeURI(answer.message) }),
        ...answer.trailers,
      });
    });
    if (code !== 0) return void stream.end();
    const lead = Buffer.alloc(5);
    lead.writeUInt8(encoding === undefined ? 0 : 1, 0);
    lead.writeUInt32BE(body.length, 1);
    stream.end(Buffer.concat([lead, body]));
  }

  #wake(): void {
    for (const check of this.#waiting) check();
  }
}
