import { createServer, type Server as NetServer, type Socket } from "node:net";
import type { Server, ServerCredentials, ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { listen, type TlsServerConfig, TlsServerMaterial } from "../net/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { type GrpcLibrary, loadGrpc } from "./grpc-library.ts";
import { passThrough } from "./metrics-service.ts";
import { type CallMetadata, errorResponse, textMetadata } from "./server-call.ts";
import { ServerStreams, type StreamMethod } from "./server-streams.ts";

/** Of a connection; milliseconds, undefined = never. */
export interface ServerKeepalive {
  readonly maxIdleMs: number | undefined;
  readonly maxAgeMs: number | undefined;
  readonly maxAgeGraceMs: number | undefined;
  /** A connection that was silent for so long is asked whether it still lives … */
  readonly timeMs: number | undefined;
  /** … and closed when it does not answer within this time. */
  readonly timeoutMs: number | undefined;
}

/**
 * `metadata`, `peer` (the client's `address:port`) and `gone` (fires when the call is cancelled or its deadline is over)
 * read it: most methods need none.
 */
export type UnaryMethod = (
  message: Buffer,
  metadata: () => CallMetadata,
  peer: () => string,
  gone: () => AbortSignal,
) => Promise<Uint8Array>;

export interface GrpcServerSettings {
  /** `host:port` */
  readonly endpoint: string;
  /** undefined: no TLS. */
  readonly tls: TlsServerConfig | undefined;
  /** Largest message, as it comes and again when it is decompressed. */
  readonly maxMessageBytes: number;
  /** Calls that one connection may have under way; undefined = no limit. */
  readonly maxConcurrentStreams: number | undefined;
  readonly keepalive: ServerKeepalive | undefined;
  /** Unary methods by path. What they throw becomes the status: an RpcError its own, anything else `Unknown`. */
  readonly methods: Readonly<Record<string, UnaryMethod>>;
  /** Methods that answer with a stream of messages, by path. */
  readonly streams?: Readonly<Record<string, StreamMethod>>;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A gRPC server for methods over bytes; TLS files are looked at again with each connection. */
export class GrpcServer {
  /** Where it listens, as `host:port`. */
  readonly address: string;
  readonly #server: Server;
  readonly #listener: NetServer;
  readonly #sockets: ReadonlySet<Socket>;
  readonly #calls: Calls;
  readonly #streams: ServerStreams;

  private constructor(
    parts: {
      readonly server: Server;
      readonly listener: NetServer;
      readonly sockets: ReadonlySet<Socket>;
      readonly calls: Calls;
      readonly streams: ServerStreams;
    },
    address: string,
  ) {
    this.#server = parts.server;
    this.#listener = parts.listener;
    this.#sockets = parts.sockets;
    this.#calls = parts.calls;
    this.#streams = parts.streams;
    this.address = address;
  }

  /** @throws CollectorError COMPONENT_START when the address cannot be bound, TLS_FILE when a TLS file cannot be used */
  static async listen(settings: GrpcServerSettings): Promise<GrpcServer> {
    const grpc = await loadGrpc();
    const { credentials, refresh } = credentialsOf(grpc, settings);
    const server = new grpc.Server(serverOptions(settings));
    const calls = new Calls();
    for (const [path, method] of Object.entries(settings.methods)) {
      const counted: UnaryMethod = (...call) => calls.track(method(...call));
      server.register(path, unaryHandler(grpc, counted), passThrough, passThrough, "unary");
    }
    const streams = new ServerStreams(grpc);
    for (const [path, method] of Object.entries(settings.streams ?? {})) {
      const counted: StreamMethod = (...call) => calls.track(method(...call));
      server.register(path, streams.handler(counted), passThrough, passThrough, "serverStream");
    }
    const injector = server.createConnectionInjector(credentials);
    const sockets = new Set<Socket>();
    // Not grpc-js's own listening: the files are to be looked at before the handshake of each connection.
    const listener = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.on("error", (error) => settings.logger.debug("A gRPC connection broke.", { error }));
      refresh();
      injector.injectConnection(socket);
    });
    const address = await listen(listener, settings.endpoint);
    return new GrpcServer({ server, listener, sockets, calls, streams }, address);
  }

  /**
   * Takes no more connections and calls, lets those under way finish for `drainMs`, then cuts them off. Streams are asked
   * to end.
   */
  async close(drainMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()));
    // Tells the clients; a connection is closed by that when its last call has been answered. Its own callback is of no
    // use: it comes before that.
    this.#server.tryShutdown(() => {});
    this.#streams.close();
    const timers = [setTimeout(() => this.#cutOff(), drainMs)];
    // A connection without calls, such as one that never came to a handshake, is not worth the whole time.
    this.#calls.onceIdle(() => {
      timers.push(setTimeout(() => this.#cutOff(), Math.min(drainMs, FLUSH_MS)));
    });
    await closed;
    for (const timer of timers) clearTimeout(timer);
  }

  #cutOff(): void {
    this.#server.forceShutdown();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** How long the last answers get to leave. */
const FLUSH_MS = 1000;

/** The calls under way. */
class Calls {
  #count = 0;
  #onIdle: (() => void) | undefined;

  async track<T>(call: Promise<T>): Promise<T> {
    this.#count += 1;
    try {
      return await call;
    } finally {
      this.#count -= 1;
      if (this.#count === 0) this.#onIdle?.();
    }
  }

  /** Calls `listener` when there is none, which may be now. */
  onceIdle(listener: () => void): void {
    if (this.#count === 0) listener();
    else this.#onIdle = listener;
  }
}

function unaryHandler(grpc: GrpcLibrary, method: UnaryMethod) {
  return (call: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>): void => {
    const metadata = () => textMetadata(call.metadata);
    const gone = new AbortController();
    const cancel = () => gone.abort(new Error("the call was cancelled"));
    const signal = () => {
      if (call.cancelled) cancel();
      else call.once("cancelled", cancel);
      return gone.signal;
    };
    // A call that has been answered counts as cancelled too.
    const answered: typeof respond = (...answer) => {
      call.off("cancelled", cancel);
      respond(...answer);
    };
    method(call.request, metadata, () => call.getPeer(), signal).then(
      (answer) => answered(null, Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength)),
      (error) => answered(errorResponse(grpc, error)),
    );
  };
}

function serverOptions({ maxMessageBytes, maxConcurrentStreams, keepalive }: GrpcServerSettings) {
  const options: Record<string, number | undefined> = {
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_concurrent_streams": maxConcurrentStreams,
    "grpc.max_connection_idle_ms": keepalive?.maxIdleMs,
    "grpc.max_connection_age_ms": keepalive?.maxAgeMs,
    "grpc.max_connection_age_grace_ms": keepalive?.maxAgeGraceMs,
    "grpc.keepalive_time_ms": keepalive?.timeMs,
    "grpc.keepalive_timeout_ms": keepalive?.timeoutMs,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** The server's credentials, and what brings them up to date with their files. */
function credentialsOf(
  grpc: GrpcLibrary,
  { tls, logger, now }: GrpcServerSettings,
): { readonly credentials: ServerCredentials; readonly refresh: () => void } {
  if (tls === undefined) return { credentials: grpc.ServerCredentials.createInsecure(), refresh() {} };
  const material = new TlsServerMaterial({ config: tls, logger, now });
  class FileCredentials extends grpc.ServerCredentials {
    #used = material.current;

    constructor() {
      const { requestCert, rejectUnauthorized, ...context } = material.current;
      super({ requestCert: requestCert === true, rejectUnauthorized: rejectUnauthorized === true }, context);
    }

    refresh(): void {
      const wanted = material.refresh();
      if (wanted !== this.#used) this.updateSecureContextOptions(wanted);
      this.#used = wanted;
    }

    override _equals(other: ServerCredentials): boolean {
      return other === this;
    }
  }
  const credentials = new FileCredentials();
  return { credentials, refresh: () => credentials.refresh() };
}
