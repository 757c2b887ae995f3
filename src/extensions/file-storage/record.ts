import { crc32 } from "node:zlib";
import { StorageError, type StorageOperation } from "../../component/index.ts";

/**
 * How a batch lies on disk. All numbers are little-endian.
 *
 *     record     marker u32 │ length u32 │ crc u32 │ operation …
 *     operation  kind u8 │ key length u16 │ value length u32 │ value crc u32 │ key (UTF-8) │ value
 *
 * `length` counts the bytes of the operations. The record's crc is over `length` and the operations without their
 * values, which have their own: a value can so be checked alone, and no byte is summed twice.
 */
export const RECORD_HEADER_BYTES = 12;
const OPERATION_HEADER_BYTES = 11;
/** "OTLR" */
const MARKER = 0x524c544f;
const MARKER_BYTES = Buffer.from("OTLR", "latin1");
const KIND = { set: 1, delete: 2 } as const;
const MAX_KEY_BYTES = 0xffff;
const MAX_LENGTH = 0xffff_ffff;

/** Where a value lies, relative to the start of its record or file. */
export interface ValuePlace {
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
}

/** A key with its new value, or without when the operation deletes it. */
export interface RecordEntry {
  readonly key: string;
  readonly value: ValuePlace | undefined;
  /** What it takes of the record; the first one bears the record's header. */
  readonly bytes: number;
}

export interface EncodedRecord {
  /** To be written one after the other; values are not copied. */
  readonly parts: readonly Uint8Array[];
  readonly size: number;
  /** One for each operation; offsets count from the start of the record. */
  readonly entries: readonly RecordEntry[];
}

/** A `crc` in a "set" is taken for that of the value, which is then not looked at. */
export function encodeRecord(
  operations: readonly (StorageOperation & { readonly crc?: number })[],
): EncodedRecord {
  const parts: Uint8Array[] = [];
  const entries: RecordEntry[] = [];
  let size = RECORD_HEADER_BYTES;
  for (const [index, operation] of operations.entries()) {
    const key = Buffer.from(operation.key, "utf8");
    if (key.length > MAX_KEY_BYTES) {
      throw new StorageError("io", `key of ${key.length} bytes is too long, ${MAX_KEY_BYTES} are allowed`);
    }
    const value = operation.type === "set" ? operation.value : EMPTY;
    const crc = operation.crc ?? crc32(value);
    const lead = index === 0 ? RECORD_HEADER_BYTES : 0;
    const header = Buffer.allocUnsafe(lead + OPERATION_HEADER_BYTES + key.length);
    let at = header.writeUInt8(KIND[operation.type], lead);
    at = header.writeUInt16LE(key.length, at);
    at = header.writeUInt32LE(value.length, at);
    at = header.writeUInt32LE(crc, at);
    key.copy(header, at);
    parts.push(header);
    if (value.length > 0) parts.push(value);
    size += OPERATION_HEADER_BYTES + key.length;
    entries.push({
      key: operation.key,
      value: operation.type === "set" ? { offset: size, length: value.length, crc } : undefined,
      bytes: header.length + value.length,
    });
    size += value.length;
  }
  if (size > MAX_LENGTH) {
    throw new StorageError("io", `batch of ${size} bytes is too large, ${MAX_LENGTH} are allowed`);
  }
  finishHeader(parts, size - RECORD_HEADER_BYTES, operations);
  return { parts, size, entries };
}

/** Puts marker, length and crc before the first operation. */
function finishHeader(
  parts: readonly Uint8Array[],
  length: number,
  operations: readonly StorageOperation[],
): void {
  const first = parts[0] as Buffer;
  first.writeUInt32LE(MARKER, 0);
  first.writeUInt32LE(length, 4);
  let crc = crc32(first.subarray(4, 8));
  let part = 0;
  for (const operation of operations) {
    const header = parts[part] as Buffer;
    crc = crc32(part === 0 ? header.subarray(RECORD_HEADER_BYTES) : header, crc);
    part += operation.type === "set" && operation.value.length > 0 ? 2 : 1;
  }
  first.writeUInt32LE(crc, 8);
}

export interface StoredRecord {
  /** Offsets count from the start of the file. */
  readonly entries: readonly RecordEntry[];
  readonly end: number;
}

/** The record at `start`; undefined when there is none, or any of its bytes is wrong. */
export function readRecord(bytes: Buffer, start: number): StoredRecord | undefined {
  if (start + RECORD_HEADER_BYTES > bytes.length || bytes.readUInt32LE(start) !== MARKER) return undefined;
  const end = start + RECORD_HEADER_BYTES + bytes.readUInt32LE(start + 4);
  if (end > bytes.length) return undefined;
  const entries: RecordEntry[] = [];
  let crc = crc32(bytes.subarray(start + 4, start + 8));
  let at = start + RECORD_HEADER_BYTES;
  while (at < end) {
    if (at + OPERATION_HEADER_BYTES > end) return undefined;
    const kind = bytes.readUInt8(at);
    const keyStart = at + OPERATION_HEADER_BYTES;
    const valueStart = keyStart + bytes.readUInt16LE(at + 1);
    const length = bytes.readUInt32LE(at + 3);
    if (valueStart + length > end) return undefined;
    crc = crc32(bytes.subarray(at, valueStart), crc);
    const value = { offset: valueStart, length, crc: bytes.readUInt32LE(at + 7) };
    entries.push({
      key: bytes.toString("utf8", keyStart, valueStart),
      value: kind === KIND.set ? value : undefined,
      bytes: valueStart + length - (entries.length === 0 ? start : at),
    });
    at = valueStart + length;
  }
  if (crc !== bytes.readUInt32LE(start + 8)) return undefined;
  for (const { value } of entries) {
    if (
      value !== undefined &&
      crc32(bytes.subarray(value.offset, value.offset + value.length)) !== value.crc
    ) {
      return undefined;
    }
  }
  return { entries, end };
}

/** Where the next good record starts, at `from` or after it. */
export function findRecord(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(MARKER_BYTES, from); at >= 0; at = bytes.indexOf(MARKER_BYTES, at + 1)) {
    if (readRecord(bytes, at) !== undefined) return at;
  }
  return undefined;
}

/** Whether the bytes from `start` can be the beginning of a record whose rest was never written. */
export function isUnfinished(bytes: Buffer, start: number): boolean {
  const rest = bytes.subarray(start);
  if (rest.length < RECORD_HEADER_BYTES) return true;
  // A power cut may leave a file that has got its length but not its bytes.
  if (rest.every((byte) => byte === 0)) return true;
  return rest.readUInt32LE(0) === MARKER && RECORD_HEADER_BYTES + rest.readUInt32LE(4) > rest.length;
}

const EMPTY = new Uint8Array(0);
