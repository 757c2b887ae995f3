import { type ClientMetadata, StorageError } from "../component/index.ts";
import type { DeliveryRequest } from "./retry-sender.ts";

/** A request as it is kept: everything that sending it takes, whatever the configuration says by then. */
export interface StoredRequest {
  /** Such as the content type of the body. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Of a stored request: beside what its exporter's codec puts there. */
const METADATA = "client_metadata";

export function storeMetadata(stored: StoredRequest, metadata: ClientMetadata | undefined): StoredRequest {
  if (metadata === undefined) return stored;
  return { ...stored, attributes: { ...stored.attributes, [METADATA]: JSON.stringify([...metadata]) } };
}

/**
 * What {@link storeMetadata} was given.
 * @throws StorageError for anything that it does not give
 */
export function takeMetadata(stored: StoredRequest): {
  readonly stored: StoredRequest;
  readonly metadata: ClientMetadata | undefined;
} {
  const { [METADATA]: json, ...attributes } = stored.attributes;
  if (json === undefined) return { stored, metadata: undefined };
  try {
    return { stored: { ...stored, attributes }, metadata: new Map(JSON.parse(json)) };
  } catch (cause) {
    throw new StorageError("corrupt", "the metadata of the stored request is damaged", { cause });
  }
}

/** How an exporter turns its requests into something that can be kept, and back. */
export interface RequestCodec<Request extends DeliveryRequest> {
  toStored(request: Request): StoredRequest;
  /** Gets what `toStored` gave, in this or an earlier run of the collector. */
  fromStored(stored: StoredRequest, points: number): Request;
}

const LEAD_BYTES = 4;

/** length of the attributes u32 (little-endian) │ attributes (JSON) │ body */
export function encodeStored({ attributes, body }: StoredRequest): Uint8Array {
  const json = Buffer.from(JSON.stringify(attributes));
  const value = Buffer.allocUnsafeSlow(LEAD_BYTES + json.length + body.length);
  value.writeUInt32LE(json.length, 0);
  value.set(json, LEAD_BYTES);
  value.set(body, LEAD_BYTES + json.length);
  return value;
}

/** @throws StorageError for anything that {@link encodeStored} does not give */
export function decodeStored(value: Uint8Array): StoredRequest {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const end = bytes.length < LEAD_BYTES ? Number.POSITIVE_INFINITY : LEAD_BYTES + bytes.readUInt32LE(0);
  if (end > bytes.length) throw new StorageError("corrupt", "the stored request is too short");
  return { attributes: parseAttributes(bytes.toString("utf8", LEAD_BYTES, end)), body: bytes.subarray(end) };
}

function parseAttributes(json: string): Readonly<Record<string, string>> {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new StorageError("corrupt", "the attributes of the stored request are not JSON", { cause });
  }
}

/** What is known of a stored request without reading it. */
export interface StoredKey {
  /** Its place in the queue. */
  readonly index: number;
  readonly points: number;
  /** Of the request in memory. */
  readonly bytes: number;
}

/** Of keys and values; it stands in each key, so that nothing has to be kept beside the requests. */
const FORMAT = 1;
const KEY = /^v1\.(\d{16})\.(\d+)\.(\d+)$/;

/** Keys sort like their indexes. */
export function formatKey({ index, points, bytes }: StoredKey): string {
  return `v${FORMAT}.${String(index).padStart(16, "0")}.${points}.${bytes}`;
}

/** @throws StorageError when it is the key of a later format, or none of these */
export function parseKey(key: string): StoredKey {
  const match = KEY.exec(key);
  if (match !== null) return { index: Number(match[1]), points: Number(match[2]), bytes: Number(match[3]) };
  const format = /^v(\d+)\./.exec(key)?.[1];
  throw new StorageError(
    "io",
    format === undefined || Number(format) <= FORMAT
      ? `the stored queue has an entry ${JSON.stringify(key)} that is none of its own`
      : `the stored queue has format ${format}, written by a later release; this one reads format ${FORMAT}`,
  );
}
