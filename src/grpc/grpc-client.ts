import type { ChannelOptions, Client, Metadata, ServiceError } from "@grpc/grpc-js";
import type { ClientAuthenticator, RequestHeaders } from "../component/index.ts";
import { type Headers, reveal } from "../config/index.ts";
import { CollectorError, errorText } from "../errors/index.ts";
import { type TlsClientConfig, TlsMaterial, type TlsSettings } from "../net/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { type GrpcLibrary, loadGrpc } from "./grpc-library.ts";
import type { MessageEncoding } from "./message-encoding.ts";
import { sendCompressedMessages } from "./message-frames.ts";
import { passThrough } from "./metrics-service.ts";
import { decodeRetryAfter } from "./retry-info.ts";
import { RpcError } from "./rpc-error.ts";

/** Answers are short; what is larger is not one. */
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;
/** The longest wait between attempts to connect, so that a backend that is back is found soon. */
const MAX_RECONNECT_MS = 20_000;

export interface GrpcClientSettings {
  /** Host and port, or a URL of a scheme that gRPC resolves names of, such as `dns:///host:port`. */
  readonly target: string;
  /** undefined: no TLS. */
  readonly tls: TlsClientConfig | undefined;
  /** Metadata of each call. */
  readonly headers: Headers;
  /** Asked before each call for its metadata; what it throws fails the call. */
  readonly authenticator?: ClientAuthenticator | undefined;
  readonly userAgent: string;
  readonly authority: string | undefined;
  /** How calls are spread over the addresses of the target. */
  readonly balancer: "pick_first" | "round_robin";
  readonly keepalive:
    | { readonly timeMs: number; readonly timeoutMs: number; readonly permitWithoutStream: boolean }
    | undefined;
  /** A call waits for a connection instead of failing while there is none. */
  readonly waitForReady: boolean;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface UnaryCall {
  readonly path: string;
  readonly message: Buffer;
  /** How the message is compressed; undefined: it is not. */
  readonly encoding: MessageEncoding | undefined;
  /** Told to the server; 0 = none. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A channel and how many calls it has under way. */
interface Connection {
  readonly client: Client;
  readonly tls: TlsSettings | undefined;
  calls: number;
}

/** Calls unary methods of one server; changed TLS files give a new channel, calls under way finish on the old one. */
export class GrpcClient {
  readonly #settings: GrpcClientSettings;
  readonly #grpc: GrpcLibrary;
  readonly #material: TlsMaterial | undefined;
  readonly #headers: RequestHeaders;
  readonly #metadata: Metadata;
  #connection: Connection;
  #lastProblem = "";

  private constructor(
    settings: GrpcClientSettings,
    grpc: GrpcLibrary,
    material?: TlsMaterial,
    tls?: TlsSettings,
  ) {
    this.#settings = settings;
    this.#grpc = grpc;
    this.#material = material;
    this.#headers = plainHeaders(settings.headers);
    this.#metadata = metadataOf(this.#headers, settings, grpc);
    this.#connection = this.#connect(tls);
  }

  /**
   * Reads the files; nothing is connected yet.
   * @throws CollectorError TLS_FILE for a file that cannot be used, COMPONENT_START for a header that cannot be sent
   */
  static async open(settings: GrpcClientSettings): Promise<GrpcClient> {
    const grpc = await loadGrpc();
    if (settings.tls === undefined) return new GrpcClient(settings, grpc);
    const material = new TlsMaterial(settings.tls, settings.now);
    return new GrpcClient(settings, grpc, material, await material.refresh());
  }

  /**
   * The server's answer.
   * @throws RpcError; what the authenticator throws; CollectorError COMPONENT_START when it gives what cannot be sent
   */
  async unary(call: UnaryCall): Promise<Buffer> {
    const metadata = await this.#metadataOfCall();
    if (call.encoding !== undefined) metadata.set("grpc-encoding", call.encoding);
    const connection = await this.#current();
    connection.calls += 1;
    try {
      return await this.#send(connection.client, call, metadata);
    } finally {
      connection.calls -= 1;
      this.#closeIfUnused(connection);
    }
  }

  /** Ends the connections. Calls should have ended before. */
  close(): void {
    this.#connection.client.close();
  }

  async #metadataOfCall(): Promise<Metadata> {
    const { authenticator } = this.#settings;
    if (authenticator === undefined) return this.#metadata.clone();
    return metadataOf(await authenticator.authorize(this.#headers), this.#settings, this.#grpc);
  }

  #send(
    client: Client,
    { path, message, timeoutMs, signal }: UnaryCall,
    metadata: Metadata,
  ): Promise<Buffer> {
    const options = timeoutMs > 0 ? { deadline: this.#settings.now() + timeoutMs } : {};
    return new Promise<Buffer>((resolve, reject) => {
      const onAbort = () => call.cancel();
      const call = client.makeUnaryRequest<Buffer, Buffer>(
        path,
        passThrough,
        passThrough,
        message,
        metadata,
        options,
        (error, answer) => {
          signal.removeEventListener("abort", onAbort);
          if (error !== null) reject(rpcErrorOf(error));
          else resolve(answer ?? Buffer.alloc(0));
        },
      );
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort);
    });
  }

  async #current(): Promise<Connection> {
    const tls = await this.#refresh();
    const before = this.#connection;
    if (tls !== before.tls) {
      this.#connection = this.#connect(tls);
      this.#closeIfUnused(before);
    }
    return this.#connection;
  }

  /** What is wrong with the files is a warning, once per problem; the last good content stays in use. */
  async #refresh(): Promise<TlsSettings | undefined> {
    try {
      const tls = await this.#material?.refresh();
      this.#lastProblem = "";
      return tls;
    } catch (error) {
      const problem = errorText(error);
      if (problem !== this.#lastProblem) {
        this.#settings.logger.warn("TLS files cannot be used, those of before stay in use.", { error });
      }
      this.#lastProblem = problem;
      return this.#connection.tls;
    }
  }

  #connect(tls: TlsSettings | undefined): Connection {
    const { credentials, Client: GrpcJsClient } = this.#grpc;
    const channelCredentials =
      tls === undefined
        ? credentials.createInsecure()
        : credentials.createFromSecureContext(tls.context, { rejectUnauthorized: tls.rejectUnauthorized });
    const options = channelOptions(this.#settings, tls);
    const client = new GrpcJsClient(this.#settings.target, channelCredentials, options);
    sendCompressedMessages(this.#grpc, client, MAX_RESPONSE_BYTES);
    return { client, tls, calls: 0 };
  }

  #closeIfUnused(connection: Connection): void {
    if (connection !== this.#connection && connection.calls === 0) connection.client.close();
  }
}

function channelOptions(settings: GrpcClientSettings, tls: TlsSettings | undefined): ChannelOptions {
  const { authority, balancer, keepalive, userAgent } = settings;
  return {
    "grpc.primary_user_agent": userAgent,
    "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ [balancer]: {} }] }),
    // Ours holds: no TXT record of the name is asked for another.
    "grpc.service_config_disable_resolution": 1,
    // Connections of another client to the same server are not shared: they may be of older certificates.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_reconnect_backoff_ms": MAX_RECONNECT_MS,
    "grpc.max_receive_message_length": MAX_RESPONSE_BYTES,
    ...(authority !== undefined && { "grpc.default_authority": authority }),
    ...(tls?.serverName !== undefined && { "grpc.ssl_target_name_override": tls.serverName }),
    ...(keepalive !== undefined && {
      "grpc.keepalive_time_ms": keepalive.timeMs,
      "grpc.keepalive_timeout_ms": keepalive.timeoutMs,
      "grpc.keepalive_permit_without_calls": keepalive.permitWithoutStream ? 1 : 0,
    }),
  };
}

function plainHeaders(headers: Headers): RequestHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, secret]) => [name.toLowerCase(), reveal(secret)]),
  );
}

function metadataOf(
  headers: RequestHeaders,
  { waitForReady }: GrpcClientSettings,
  grpc: GrpcLibrary,
): Metadata {
  const metadata = new grpc.Metadata({ waitForReady });
  for (const [name, value] of Object.entries(headers)) {
    try {
      if (/^(grpc-|te$|content-type$|connection$)/i.test(name))
        throw new Error("it is set by the client itself");
      metadata.set(name, /-bin$/i.test(name) ? Buffer.from(value) : value);
    } catch (cause) {
      throw new CollectorError("COMPONENT_START", `header ${JSON.stringify(name)} cannot be sent`, { cause });
    }
  }
  return metadata;
}

function rpcErrorOf(error: ServiceError): RpcError {
  const [status] = error.metadata?.get("grpc-status-details-bin") ?? [];
  const retryAfterMs = Buffer.isBuffer(status) ? decodeRetryAfter(status) : undefined;
  return new RpcError(error.code, error.details, { retryAfterMs });
}
