import type { Client, experimental, Metadata, StatusObject } from "@grpc/grpc-js";
import { errorText } from "../errors/index.ts";
import type { GrpcLibrary } from "./grpc-library.ts";
import { decompressMessage } from "./message-encoding.ts";
import { RpcCode } from "./rpc-code.ts";

const LEAD_BYTES = 5;
const ENCODING = "grpc-encoding";

type WriteObject = Awaited<ReturnType<experimental.BaseFilter["sendMessage"]>>;

/**
 * Lets the client send messages that are compressed already: those of a call whose metadata has `grpc-encoding`.
 *
 * grpc-js itself compresses each message anew for each attempt, at zlib's level 6 (two and a half times the cost of
 * level 1), and knows gzip and deflate only. It has no public way to replace that, so this goes through two private fields
 * of the pinned version.
 * @throws Error when grpc-js is not built like that any more
 */
export function sendCompressedMessages(grpc: GrpcLibrary, client: Client, maxResponseBytes: number): void {
  const { internalChannel } = client.getChannel() as unknown as {
    readonly internalChannel?: { filterStackFactory?: unknown };
  };
  const { BaseFilter, FilterStackFactory } = grpc.experimental;
  if (!(internalChannel?.filterStackFactory instanceof FilterStackFactory)) {
    throw new Error("this version of @grpc/grpc-js is not supported: the channel has no filter stack");
  }

  /** Frames messages (gRPC over HTTP/2, "Length-Prefixed-Message"): compressed flag u8 │ length u32 │ bytes */
  class MessageFrames extends BaseFilter {
    #sent: string | undefined;
    #received = "identity";

    override async sendMetadata(metadata: Promise<Metadata>): Promise<Metadata> {
      const headers = await metadata;
      this.#sent = textOf(headers, ENCODING);
      headers.set("grpc-accept-encoding", "identity,gzip,zstd");
      return headers;
    }

    override async sendMessage(message: Promise<WriteObject>): Promise<WriteObject> {
      const written = await message;
      const frame = Buffer.allocUnsafeSlow(LEAD_BYTES + written.message.length);
      frame.writeUInt8(this.#sent === undefined ? 0 : 1, 0);
      frame.writeUInt32BE(written.message.length, 1);
      written.message.copy(frame, LEAD_BYTES);
      return { ...written, message: frame };
    }

    override receiveMetadata(metadata: Metadata): Metadata {
      this.#received = textOf(metadata, ENCODING) ?? "identity";
      return metadata;
    }

    override async receiveMessage(message: Promise<Buffer>): Promise<Buffer> {
      const frame = await message;
      const body = frame.subarray(LEAD_BYTES);
      if (frame[0] === 0) return body;
      try {
        return await decompressMessage(body, this.#received, maxResponseBytes);
      } catch (error) {
        throw { code: RpcCode.Internal, details: errorText(error) } satisfies Partial<StatusObject>;
      }
    }
  }

  internalChannel.filterStackFactory = new FilterStackFactory([{ createFilter: () => new MessageFrames() }]);
}

function textOf(metadata: Metadata, key: string): string | undefined {
  const [value] = metadata.get(key);
  return value === undefined || value === "identity" ? undefined : String(value);
}
