import type { ServerWritableStream } from "@grpc/grpc-js";
import type { GrpcLibrary } from "./grpc-library.ts";
import { RpcCode } from "./rpc-code.ts";
import { RpcError } from "./rpc-error.ts";
import { type CallMetadata, errorResponse, textMetadata } from "./server-call.ts";

/** A call that is answered by any number of messages. */
export interface StreamCall {
  readonly metadata: () => CallMetadata;
  /** Settles when there is room for the next message, or nobody to read it any more. */
  readonly send: (message: Uint8Array) => Promise<void>;
  /** Aborted when the client is gone or the server closes, with the RpcError that says so. */
  readonly signal: AbortSignal;
}

/** The call is over when this settles; what it throws becomes the status as it does for a unary method. */
export type StreamMethod = (message: Buffer, call: StreamCall) => Promise<void>;

/** The calls of a server's streaming methods. */
export class ServerStreams {
  readonly #grpc: GrpcLibrary;
  readonly #open = new Set<AbortController>();

  constructor(grpc: GrpcLibrary) {
    this.#grpc = grpc;
  }

  /** What grpc-js calls for each call of the method. */
  handler(method: StreamMethod): (call: ServerWritableStream<Buffer, Buffer>) => void {
    return (call) => {
      const end = new AbortController();
      const { signal } = end;
      this.#open.add(end);
      const isGone = () => call.cancelled || call.destroyed;
      call.once("cancelled", () => end.abort(new RpcError(RpcCode.Canceled, "the client is gone")));
      const send = async (message: Uint8Array): Promise<void> => {
        if (isGone()) return;
        await new Promise<void>((resolve) => {
          call.once("close", resolve);
          call.write(Buffer.from(message), () => {
            call.off("close", resolve);
            resolve();
          });
        });
      };
      method(call.request, { metadata: () => textMetadata(call.metadata), send, signal })
        .then(
          () => call.end(),
          // grpc-js's way to end a stream with a status.
          (error: unknown) => isGone() || call.emit("error", errorResponse(this.#grpc, error)),
        )
        .finally(() => this.#open.delete(end));
    };
  }

  /** Asks all calls to come to their end. */
  close(): void {
    for (const end of this.#open) end.abort(new RpcError(RpcCode.Canceled, "the server is shutting down"));
  }
}
