import { open, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../../telemetry/index.ts";
import { LogIndex } from "./log-index.ts";
import { findRecord, isUnfinished, readRecord, type StoredRecord } from "./record.ts";
import {
  checkSegmentHeader,
  listSegments,
  SEGMENT_HEADER_BYTES,
  type Segment,
  segmentHeader,
  syncDirectory,
} from "./segment.ts";

export interface RecoverOptions {
  readonly directory: string;
  readonly logger: Logger;
  readonly now: () => number;
  /** Told how many damaged stretches a segment had. */
  readonly onDamage: (stretches: number) => void;
}

/**
 * Reads a log from its beginning. What a crash left unfinished at its end is cut off. A segment with damage elsewhere
 * is set aside under another name, after everything in it that can be read has been copied to a new one.
 * @throws StorageError for a log of a later format version; whatever the file system throws
 */
export async function recoverLog(
  options: RecoverOptions,
): Promise<{ readonly index: LogIndex; readonly segments: Segment[] }> {
  const { directory } = options;
  await finishRescues(directory);
  const index = new LogIndex();
  const segments = await listSegments(directory);
  for (const segment of segments) {
    const records = await recoverSegment(segment, segment === segments.at(-1), options);
    for (const { entries } of records) index.apply(entries, segment, 0);
  }
  return { index, segments };
}

async function recoverSegment(
  segment: Segment,
  isLast: boolean,
  options: RecoverOptions,
): Promise<readonly StoredRecord[]> {
  const bytes = await readFile(segment.path);
  const scan = scanSegment(bytes, segment.path);
  segment.size = bytes.length;
  const tail = scan.damage.at(-1);
  if (tail === undefined) return scan.records;
  const isOnlyTail = scan.damage.length === 1 && tail.end === bytes.length;
  if (isLast && isOnlyTail && (bytes.length < SEGMENT_HEADER_BYTES || isUnfinished(bytes, tail.start))) {
    await cutTail(segment, tail.start, options.logger);
    return scan.records;
  }
  const rescued = await setAside(segment, bytes, scan, options);
  segment.size = rescued.length;
  return scanSegment(rescued, segment.path).records;
}

interface Scan {
  readonly records: readonly (StoredRecord & { readonly start: number })[];
  readonly damage: readonly { readonly start: number; readonly end: number }[];
}

function scanSegment(bytes: Buffer, path: string): Scan {
  const records: (StoredRecord & { readonly start: number })[] = [];
  const damage: { start: number; end: number }[] = [];
  let at = SEGMENT_HEADER_BYTES;
  if (!checkSegmentHeader(bytes, path)) {
    at = findRecord(bytes, 0) ?? bytes.length;
    damage.push({ start: 0, end: at });
  }
  while (at < bytes.length) {
    const record = readRecord(bytes, at);
    if (record !== undefined) {
      records.push({ ...record, start: at });
      at = record.end;
      continue;
    }
    const end = findRecord(bytes, at + 1) ?? bytes.length;
    damage.push({ start: at, end });
    at = end;
  }
  return { records, damage };
}

/** The last write had not been finished, so nobody was told that it had succeeded. */
async function cutTail(segment: Segment, start: number, logger: Logger): Promise<void> {
  logger.info("The end of a storage file was not written completely, it is cut off.", {
    path: segment.path,
    unfinished_bytes: segment.size - start,
  });
  if (start < SEGMENT_HEADER_BYTES) {
    await writeFile(segment.path, segmentHeader());
    segment.size = SEGMENT_HEADER_BYTES;
    return;
  }
  await truncate(segment.path, start);
  segment.size = start;
}

const RESCUED = ".rescued";

/** @returns the bytes of the new segment */
async function setAside(
  segment: Segment,
  bytes: Buffer,
  { records, damage }: Scan,
  { directory, logger, now, onDamage }: RecoverOptions,
): Promise<Buffer> {
  const good = records.map(({ start, end }) => bytes.subarray(start, end));
  const rescued = Buffer.concat([segmentHeader(), ...good]);
  const aside = `${segment.path}.damaged-${new Date(now()).toISOString().replaceAll(/[:.]/g, "-")}`;
  const file = await open(segment.path + RESCUED, "w", 0o600);
  try {
    await file.writeFile(rescued);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(segment.path, aside);
  await rename(segment.path + RESCUED, segment.path);
  await syncDirectory(directory);
  onDamage(damage.length);
  logger.error("A storage file is damaged. It was set aside, what can be read of it is kept.", {
    path: segment.path,
    set_aside: aside,
    readable_records: records.length,
    damaged_places: damage.length,
    damaged_bytes: damage.reduce((sum, { start, end }) => sum + end - start, 0),
  });
  return rescued;
}

/** A crash between the two renames leaves the rescued file complete, but under its first name. */
async function finishRescues(directory: string): Promise<void> {
  const names = await readdir(directory);
  for (const name of names.filter((one) => one.endsWith(RESCUED))) {
    const target = name.slice(0, -RESCUED.length);
    if (names.includes(target)) await rm(join(directory, name));
    else await rename(join(directory, name), join(directory, target));
  }
}
