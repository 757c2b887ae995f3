import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { constants, gunzip, inflate, zstdDecompress } from "node:zlib";
import { errorText } from "../errors/index.ts";

/** Compressions of a request body by their names in Content-Encoding; "" is none. */
export const REQUEST_ENCODINGS = ["", "gzip", "zstd", "zlib", "deflate"] as const;
export type RequestEncoding = (typeof REQUEST_ENCODINGS)[number];

/** A request whose body cannot be taken; `status` is the HTTP status that says so. */
export class RequestBodyError extends Error {
  readonly status: 400 | 413;

  constructor(status: 400 | 413, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.status = status;
  }
}

export interface ReadBodyOptions {
  /** Most bytes of the body as it comes, and again when it is decompressed. */
  readonly limitBytes: number;
  readonly encodings: readonly RequestEncoding[];
}

/**
 * The whole body, decompressed. Neither form of it takes more memory than the limit.
 * @throws RequestBodyError; the connection's error when it breaks before the body is complete
 */
export async function readRequestBody(
  request: IncomingMessage,
  { limitBytes, encodings }: ReadBodyOptions,
): Promise<Buffer> {
  const encoding = encodingOf(request);
  if (!(encodings as readonly string[]).includes(encoding)) {
    const allowed = encodings.map((name) => (name === "" ? "none" : name)).join(", ");
    throw new RequestBodyError(400, `unsupported Content-Encoding: ${encoding}, allowed are ${allowed}`);
  }
  const body = await collect(request, limitBytes);
  const decompress = decompressors[encoding as RequestEncoding];
  if (decompress === undefined) return body;
  try {
    return await decompress(body, limitBytes);
  } catch (cause) {
    if (isTooLarge(cause)) {
      throw new RequestBodyError(413, `the decompressed body exceeds the limit of ${limitBytes} bytes`);
    }
    throw new RequestBodyError(400, `the body is not valid ${encoding}: ${errorText(cause)}`, { cause });
  }
}

function encodingOf(request: IncomingMessage): string {
  const encoding = request.headers["content-encoding"]?.trim().toLowerCase() ?? "";
  return encoding === "identity" ? "" : encoding;
}

async function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = () => new RequestBodyError(413, `the body exceeds the limit of ${limit} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  // Events rather than iteration: leaving a loop would destroy the request, and with it the answer.
  await new Promise<void>((resolve, reject) => {
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) chunks.push(chunk);
      else {
        request.off("data", onData);
        reject(tooLarge());
      }
    };
    request.on("data", onData);
    request.once("end", resolve);
    request.once("error", reject);
    request.once("close", () => reject(new Error("the connection was closed before the body was complete")));
  });
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length);
}

type Decompress = (body: Buffer, limit: number) => Promise<Buffer>;

const gunzipAsync = promisify(gunzip);
const inflateAsync = promisify(inflate);
const zstdAsync = promisify(zstdDecompress);

/** RFC 9659 section 3: no window above 8 MiB, which a few bytes of a frame could otherwise claim up to 128 MiB of. */
const ZSTD_WINDOW_LOG = 23;

const inflateBody: Decompress = (body, limit) => inflateAsync(body, sized(body, limit));

const decompressors: Readonly<Record<RequestEncoding, Decompress | undefined>> = {
  "": undefined,
  gzip: (body, limit) => gunzipAsync(body, sized(body, limit)),
  // What HTTP calls deflate is zlib's format (RFC 9110 section 8.4.1.2).
  zlib: inflateBody,
  deflate: inflateBody,
  zstd: (body, limit) =>
    zstdAsync(body, {
      ...sized(body, limit),
      params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
    }),
};

/** Output comes in chunks, each a trip to another thread: a few of them for a usual ratio. */
function sized({ length }: Buffer, limit: number) {
  const chunkSize = Math.min(Math.max(length * 4, 16 * 1024), 1024 * 1024);
  return { maxOutputLength: limit, chunkSize };
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}
