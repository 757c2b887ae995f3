import { promisify } from "node:util";
import { constants, gzip, zstdCompress } from "node:zlib";
import type { OtlpHttpConfig } from "./config.ts";

/** Makes bytes of its own from bytes that must stay as they are until the promise settles. */
export type Compress = (bytes: Uint8Array) => Promise<Uint8Array>;

const gzipAsync = promisify(gzip);
const zstdAsync = promisify(zstdCompress);

/** Compresses on zlib's threads, off the event loop. */
export function createCompress(compression: OtlpHttpConfig["compression"], level: number): Compress {
  switch (compression) {
    case "gzip":
      return async (bytes) => trimmed(await gzipAsync(bytes, { level, chunkSize: chunkSize(bytes) }));
    case "zstd":
      return async (bytes) => {
        const params = { [constants.ZSTD_c_compressionLevel]: level };
        return trimmed(await zstdAsync(bytes, { chunkSize: chunkSize(bytes), params }));
      };
    case "none":
      return (bytes) => Promise.resolve(Uint8Array.from(bytes));
  }
}

/** Output comes in chunks of this size: each costs a round trip to the thread, so about one for a typical ratio. */
function chunkSize({ length }: Uint8Array): number {
  return Math.min(Math.max(16 * 1024, length >> 3), 1024 * 1024);
}

/** A result of one chunk is a view of the whole chunk, which the queue would then hold. */
function trimmed(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength > bytes.length * 1.5 ? Uint8Array.from(bytes) : bytes;
}
