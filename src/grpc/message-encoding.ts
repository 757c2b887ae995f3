import { promisify } from "node:util";
import { constants, gunzip, gzip, zstdCompress, zstdDecompress } from "node:zlib";

/** Values of `grpc-encoding`; undefined in its place is "identity". */
export const MESSAGE_ENCODINGS = ["gzip", "zstd"] as const;
export type MessageEncoding = (typeof MESSAGE_ENCODINGS)[number];

const gzipAsync = promisify(gzip);
const gunzipAsync = promisify(gunzip);
const zstdCompressAsync = promisify(zstdCompress);
const zstdDecompressAsync = promisify(zstdDecompress);

/** The level that costs a third of zlib's own (6) for bodies a third larger. */
const LEVEL = 1;

/**
 * Compresses on zlib's threads, off the event loop. The result is memory of its own in any case, so that `bytes` may be
 * used again afterwards.
 */
export async function compressMessage(
  bytes: Uint8Array,
  encoding: MessageEncoding | undefined,
): Promise<Buffer> {
  // Each chunk of output costs a trip to the thread: about one for the usual ratio.
  const chunkSize = Math.min(Math.max(16 * 1024, bytes.length >> 3), 1024 * 1024);
  switch (encoding) {
    case "gzip":
      return trimmed(await gzipAsync(bytes, { level: LEVEL, chunkSize }));
    case "zstd":
      return trimmed(
        await zstdCompressAsync(bytes, {
          chunkSize,
          params: { [constants.ZSTD_c_compressionLevel]: LEVEL },
        }),
      );
    case undefined:
      return Buffer.from(bytes);
  }
}

/** @throws when the bytes are damaged, of another encoding, or more than `limit` after decompression */
export async function decompressMessage(bytes: Buffer, encoding: string, limit: number): Promise<Buffer> {
  if (encoding === "gzip") return await gunzipAsync(bytes, { maxOutputLength: limit });
  if (encoding === "zstd") return await zstdDecompressAsync(bytes, { maxOutputLength: limit });
  throw new Error(`the message is compressed with ${JSON.stringify(encoding)}, which is not supported`);
}

/** A result of one chunk is a view of the whole chunk, which a queue would then hold. */
function trimmed(bytes: Buffer): Buffer {
  return bytes.buffer.byteLength > bytes.length * 1.5 ? Buffer.from(bytes) : bytes;
}
