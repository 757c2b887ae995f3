import { type FileHandle, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { StorageError } from "../../component/index.ts";

/** One file of a log. The one with the highest number is written to, the others are only read. */
export class Segment {
  readonly number: number;
  readonly path: string;
  /** Bytes in use, header included. */
  size = SEGMENT_HEADER_BYTES;
  /** Keys whose value lies here. */
  entries = 0;
  /** Bytes that they take, headers included. */
  liveBytes = 0;

  constructor(directory: string, number: number) {
    this.number = number;
    this.path = join(directory, `${String(number).padStart(10, "0")}.log`);
  }
}

/*
 *     segment  "OTLSTORE" │ version u32 │ crc u32 of what is before it │ record …
 */
export const SEGMENT_HEADER_BYTES = 16;
const MAGIC = Buffer.from("OTLSTORE", "latin1");
const VERSION = 1;
const NAME = /^(\d{10})\.log$/;

export function segmentHeader(): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(VERSION, 8);
  header.writeUInt32LE(crc32(header.subarray(0, 12)), 12);
  return header;
}

/**
 * @returns whether the header is in order
 * @throws StorageError when it is, but of a later version
 */
export function checkSegmentHeader(bytes: Buffer, path: string): boolean {
  if (bytes.length < SEGMENT_HEADER_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return false;
  if (bytes.readUInt32LE(12) !== crc32(bytes.subarray(0, 12))) return false;
  const version = bytes.readUInt32LE(8);
  if (version <= VERSION) return true;
  throw new StorageError(
    "io",
    `${path} has format version ${version}, written by a later release; this one reads up to version ${VERSION}`,
  );
}

/** The segments of a directory, oldest first, their contents not looked at. */
export async function listSegments(directory: string): Promise<Segment[]> {
  const numbers = (await readdir(directory)).flatMap((name) => {
    const match = NAME.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
  return numbers.toSorted((a, b) => a - b).map((number) => new Segment(directory, number));
}

/** The folders in a directory that hold segments with something in them; only `wanted` ones are looked into. */
export async function foldersWithData(
  directory: string,
  wanted: (name: string) => boolean,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!entry.isDirectory() || !wanted(entry.name)) continue;
    const segments = await listSegments(join(directory, entry.name));
    const sizes = await Promise.all(segments.map(async ({ path }) => (await stat(path)).size));
    if (sizes.some((size) => size > SEGMENT_HEADER_BYTES)) found.push(entry.name);
  }
  return found;
}

/** An empty segment, open for writing. @param durable whether the file must be there after a power cut */
export async function createSegment(
  directory: string,
  number: number,
  durable: boolean,
): Promise<{ segment: Segment; file: FileHandle }> {
  const segment = new Segment(directory, number);
  const file = await open(segment.path, "w+", 0o600);
  try {
    await appendAll(file, [segmentHeader()], 0);
    if (durable) {
      await file.datasync();
      await syncDirectory(directory);
    }
  } catch (error) {
    await file.close();
    await rm(segment.path, { force: true });
    throw error;
  }
  return { segment, file };
}

/** Makes the names in a directory durable, where the platform knows such a thing. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes all of it: a full disk may take the beginning, and say so only when asked for the rest. */
export async function appendAll(
  file: FileHandle,
  parts: readonly Uint8Array[],
  position: number,
): Promise<void> {
  const { bytesWritten } = await file.writev(parts, position);
  let skip = bytesWritten;
  let at = position + bytesWritten;
  for (const part of parts) {
    let rest = part.subarray(Math.min(skip, part.length));
    skip = Math.max(0, skip - part.length);
    while (rest.length > 0) {
      const { bytesWritten: more } = await file.write(rest, 0, rest.length, at);
      rest = rest.subarray(more);
      at += more;
    }
  }
}

/** @returns fewer bytes where the file ends */
export async function readAt(path: string, offset: number, length: number): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    return await readFrom(file, offset, length);
  } finally {
    await file.close();
  }
}

/** @returns fewer bytes where the file ends */
export async function readFrom(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length);
  const { bytesRead } = await file.read(buffer, 0, length, offset);
  return buffer.subarray(0, bytesRead);
}
