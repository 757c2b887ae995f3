import type { IncomingHttpHeaders } from "node:http";
import type { Transform } from "node:stream";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import { errorText } from "../errors/index.ts";
import type { BodyReader, ExchangeControl } from "./exchange.ts";
import { TransportError } from "./http-error.ts";
import type { ReusableBuffer } from "./reusable-buffer.ts";

/** Fewer and larger chunks cost less: each is fresh memory and a trip to another thread. */
const MAX_CHUNK = 1024 * 1024;
const MIN_CHUNK = 64 * 1024;
/** A declared length is believed up to here; beyond, the buffer grows with what really comes. */
const MAX_PREALLOCATION = 32 * 1024 * 1024;

/** 8 MiB: what a decoder has to support (RFC 8878 section 3.1.1.1.2), and the most that a server may make us allocate. */
const MAX_ZSTD_WINDOW_LOG = 23;

/** The content encodings that are decoded, with how. */
const decoders = {
  gzip: (chunkSize: number) => createGunzip({ chunkSize }),
  zstd: (chunkSize: number) =>
    createZstdDecompress({
      chunkSize,
      params: { [constants.ZSTD_d_windowLogMax]: MAX_ZSTD_WINDOW_LOG },
    }),
} as const;
type Encoding = keyof typeof decoders;

/**
 * A reader that puts the decoded body into the buffer. gzip and zstd are decoded when the response says so; the limit holds
 * for the decoded bytes while they appear, and for the received ones.
 * @param limit bytes at which the body is too large, as Prometheus counts (a body of exactly the limit is); 0: none
 * @throws TransportError "decode" for another encoding, "body_limit" for a declared length that is too large
 */
export function createBodyReader(
  headers: IncomingHttpHeaders,
  into: ReusableBuffer,
  limit: number,
  control: ExchangeControl,
): BodyReader {
  into.reset();
  const max = limit > 0 ? limit : Number.POSITIVE_INFINITY;
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "";
  const declared = Number(headers["content-length"] ?? 0);
  if (declared >= max) throw tooLarge(limit);
  if (Object.hasOwn(decoders, encoding)) return new DecodingReader(encoding as Encoding, into, max, control);
  if (encoding !== "" && encoding !== "identity") {
    throw new TransportError(
      "decode",
      `content encoding ${JSON.stringify(encoding)} is not supported, allowed are gzip, zstd and identity`,
    );
  }
  into.reserve(Math.min(declared, MAX_PREALLOCATION));
  return {
    write: (chunk) => {
      if (into.length + chunk.length >= max) throw tooLarge(limit);
      into.append(chunk);
      return "more";
    },
    end: () => Promise.resolve(),
    destroy: () => {},
  };
}

class DecodingReader implements BodyReader {
  readonly #encoding: Encoding;
  readonly #decoder: Transform & { readonly bytesWritten: number };
  readonly #limit: number;
  readonly #done: Promise<void>;
  #received = 0;

  constructor(encoding: Encoding, into: ReusableBuffer, limit: number, control: ExchangeControl) {
    this.#encoding = encoding;
    // The buffer's capacity is what bodies of this target need.
    const chunkSize = Math.min(Math.max(into.capacity, MIN_CHUNK), MAX_CHUNK);
    const decoder = decoders[encoding](chunkSize);
    this.#decoder = decoder;
    this.#limit = limit;
    this.#done = new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        decoder.destroy();
        reject(error);
        control.fail(error);
      };
      let last: ArrayBufferLike | undefined;
      decoder.on("data", (chunk: Buffer) => {
        if (into.length + chunk.length >= limit) fail(tooLarge(limit));
        else into.append(chunk);
        // zlib has moved on to other memory. What it left is given back at once: waiting for the garbage collector
        // costs a collection for each body, and fresh memory for each chunk.
        if (last !== chunk.buffer && last instanceof ArrayBuffer) last.transfer(0);
        last = chunk.buffer;
      });
      decoder.on("drain", () => control.resume());
      decoder.on("end", resolve);
      decoder.on("error", (cause) =>
        fail(new TransportError("decode", `${encoding} body is broken: ${errorText(cause)}`, { cause })),
      );
    });
    // It is awaited by end() only, which a failed exchange never calls.
    this.#done.catch(() => {});
  }

  write(chunk: Buffer): "more" | "pause" {
    this.#received += chunk.length;
    if (this.#received >= this.#limit) throw tooLarge(this.#limit);
    return this.#decoder.write(chunk) ? "more" : "pause";
  }

  async end(): Promise<void> {
    this.#decoder.end();
    await this.#done;
    // Node reads one zstd frame and says nothing of what follows.
    if (this.#encoding === "zstd" && this.#decoder.bytesWritten !== this.#received) {
      throw new TransportError("decode", "zstd body is broken: something follows its frame");
    }
  }

  destroy(): void {
    this.#decoder.destroy();
  }
}

/** Collects the first bytes of a body; the response is left there unless it ends soon. */
export class PrefixReader implements BodyReader {
  readonly #chunks: Buffer[] = [];
  readonly #limit: number;
  #length = 0;

  /** @param limit bytes to keep; a body longer than that is cut */
  constructor(limit: number) {
    this.#limit = limit;
  }

  write(chunk: Buffer): "more" | "enough" {
    this.#chunks.push(chunk.subarray(0, this.#limit - this.#length));
    this.#length += chunk.length;
    return this.#length > this.#limit ? "enough" : "more";
  }

  end(): Promise<void> {
    return Promise.resolve();
  }

  destroy(): void {}

  content(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

function tooLarge(limit: number): TransportError {
  return new TransportError("body_limit", `the body reaches the limit of ${limit} bytes`);
}
