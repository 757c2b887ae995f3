import { access, type FileHandle, open, rm } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { type StorageClient, StorageError, type StorageOperation } from "../../component/index.ts";
import type { LogIndex } from "./log-index.ts";
import { type EncodedRecord, encodeRecord } from "./record.ts";
import { type RecoverOptions, recoverLog } from "./recover-log.ts";
import { appendAll, createSegment, readAt, readFrom, SEGMENT_HEADER_BYTES, type Segment } from "./segment.ts";
import { toStorageError } from "./storage-errors.ts";

export interface LogStoreOptions extends RecoverOptions {
  /** Whether a batch settles only when it would survive a power cut. */
  readonly fsync: boolean;
  /** Compaction moves about so many bytes at a time, between which batches get their turn; 0 = a whole segment. */
  readonly moveBytes: number;
  /** A new segment is begun when the last one has reached this size. */
  readonly segmentBytes: number;
  /** Deletions that the one before could not write: see {@link LogStore.owed}. */
  readonly owed?: readonly StorageOperation[] | undefined;
  /** Told of each write that failed, and undefined of each that brought new values and did not. */
  readonly onWrite: (error: StorageError | undefined) => void;
}

interface Write {
  readonly operations: readonly StorageOperation[];
  readonly record: EncodedRecord;
  readonly resolve: () => void;
  readonly reject: (error: StorageError) => void;
}

/** A log that holds nothing is cut back when it is larger than this, or the disk is full. */
const KEPT_EMPTY_BYTES = 256 * 1024;

/** How often it is looked whether the file that is written to is still there. */
const LOOK_MS = 1000;

/** So many segments of garbage are borne beside as many bytes of garbage as there is data. */
const BORNE_SEGMENTS = 4;

/**
 * A key-value store in a log of segment files.
 *
 *     0000000007.log   0000000008.log   0000000009.log
 *     [set a][set b]   [set c][del a]   [set d][del b]…   new batches go here, each as one record
 *            dead ◀──────────────────────────┘
 *
 * - The index (key → place) is in memory; it is built from the log when that is opened.
 * - What is asked for while a write is under way is written, and synchronised, together with the next one.
 * - The oldest segment goes when nothing in it lives any more. None but the oldest may: a deletion has to stay until
 *   what it deletes is gone.
 * - Where dead bytes get the upper hand, what lives in the oldest segment is written anew at the end. That is all that
 *   compaction is: no file is ever rewritten.
 */
export class LogStore implements StorageClient {
  readonly #options: LogStoreOptions;
  readonly #index: LogIndex;
  /** Oldest first; the last one is `#active`. */
  readonly #segments: Segment[];
  #active: Segment;
  #file: FileHandle;
  #waiting: Write[] = [];
  /** Deletions in force that a full disk has not taken yet. */
  #owed: StorageOperation[] = [];
  /** Segments with a lower number are to be emptied. */
  #compactBelow = 0;
  /** Whether the last write failed. */
  #isFull = false;
  #upkeepFailed = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: LogStoreOptions, index: LogIndex, segments: Segment[], file: FileHandle) {
    this.#options = options;
    this.#index = index;
    this.#segments = segments;
    this.#active = segments.at(-1) as Segment;
    this.#file = file;
    if (options.owed !== undefined && options.owed.length > 0) this.#owe(options.owed);
  }

  /** @throws StorageError; see {@link recoverLog} for what happens to damaged files */
  static async open(options: LogStoreOptions): Promise<LogStore> {
    const { directory, fsync } = options;
    try {
      const { index, segments } = await recoverLog(options);
      const last = segments.at(-1);
      if (last !== undefined) return new LogStore(options, index, segments, await open(last.path, "r+"));
      const { segment, file } = await createSegment(directory, 1, fsync);
      return new LogStore(options, index, [segment], file);
    } catch (error) {
      throw toStorageError(error, `cannot open the storage in ${directory}`);
    }
  }

  /** After `close`: deletions that a full disk has not taken. Whoever opens the log next has to have them, or what they delete is back. */
  get owed(): readonly StorageOperation[] {
    return this.#owed;
  }

  /** Keys with a value. */
  get size(): number {
    return this.#index.size;
  }

  /** Bytes on disk. */
  get fileBytes(): number {
    return this.#segments.reduce((sum, { size }) => sum + size, 0);
  }

  /** What of them is in force. */
  get liveBytes(): number {
    return this.#segments.reduce((sum, { liveBytes }) => sum + liveBytes, 0);
  }

  keys(): Promise<readonly string[]> {
    if (this.#closing !== undefined) return Promise.reject(this.#closed());
    return Promise.resolve(this.#index.keys());
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#closing !== undefined) throw this.#closed();
      const place = this.#index.get(key);
      if (place === undefined) return undefined;
      const { segment, offset, length, crc } = place;
      const value = await this.#read(segment, offset, length).catch((error: unknown) =>
        toStorageError(error, `cannot read ${segment.path}`),
      );
      // Deleted, replaced or moved meanwhile, and the file perhaps gone: look again.
      if (this.#index.get(key) !== place) continue;
      if (value instanceof StorageError) throw value;
      if (crc32(value) === crc) return value;
      throw new StorageError("corrupt", `the value of ${JSON.stringify(key)} in ${segment.path} is damaged`);
    }
  }

  /** What is written to is read through its handle: it may have been removed from its directory. */
  async #read(segment: Segment, offset: number, length: number): Promise<Buffer> {
    if (segment === this.#active) {
      // It is closed when the next one begins, which may be now.
      const bytes = await readFrom(this.#file, offset, length).catch(() => undefined);
      if (bytes !== undefined) return bytes;
    }
    return await readAt(segment.path, offset, length);
  }

  batch(operations: readonly StorageOperation[]): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(this.#closed());
    if (operations.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations, record: encodeRecord(operations), resolve, reject });
      void this.#wake();
    });
  }

  /** Rids the log of what is dead. Settles when that is done or has failed, which is then logged. */
  async compact(): Promise<void> {
    if (this.#closing !== undefined || this.#garbageBytes === 0) return;
    this.#compactBelow = this.#active.number + 1;
    await this.#wake();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#running;
    if (this.#owed.length > 0) await this.#commit([]);
    await this.#file.close();
  }

  #closed(): StorageError {
    return new StorageError("closed", `the storage in ${this.#options.directory} is closed`);
  }

  #wake(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** The only place from which files are written. Never rejects. */
  async #run(): Promise<void> {
    // So that batches of the same moment go together.
    await Promise.resolve();
    let goOn = true;
    while (goOn) {
      const asked = this.#compactBelow;
      const group = this.#waiting;
      this.#waiting = [];
      if (group.length > 0) await this.#commit(group);
      await this.#tidy();
      const more = await this.#compactSome();
      goOn = more || this.#waiting.length > 0 || this.#compactBelow > asked;
    }
    this.#running = undefined;
  }

  async #commit(group: readonly Write[]): Promise<void> {
    const owed = this.#owed;
    const records = group.map(({ record }) => record);
    if (owed.length > 0) records.unshift(encodeRecord(owed));
    const error = await this.#append(records);
    // That a deletion fits does not say that the disk has room again.
    if (error !== undefined || group.some(isGrowing)) this.#options.onWrite(error);
    if (error === undefined) {
      this.#owed = [];
      for (const { resolve } of group) resolve();
      return;
    }
    for (const write of group) {
      const { operations, resolve, reject } = write;
      if (isGrowing(write)) {
        reject(error);
        continue;
      }
      this.#owe(operations);
      resolve();
    }
  }

  /** A deletion needs no room to take effect, only to be remembered after a crash. */
  #owe(deletions: readonly StorageOperation[]): void {
    this.#index.apply(encodeRecord(deletions).entries, this.#active, 0);
    this.#owed.push(...deletions);
  }

  /** All of them or none. */
  async #append(records: readonly EncodedRecord[]): Promise<StorageError | undefined> {
    const segment = this.#active;
    const parts = records.flatMap((record) => record.parts);
    try {
      await this.#requireFile(segment);
      await appendAll(this.#file, parts, segment.size);
      if (this.#options.fsync) await this.#file.datasync();
    } catch (error) {
      this.#isFull = true;
      return await this.#undo(segment, error);
    }
    this.#isFull = false;
    for (const { entries, size } of records) {
      this.#index.apply(entries, segment, segment.size);
      segment.size += size;
    }
    return undefined;
  }

  /** A file that was removed takes whatever is written to it, and nobody would ever find it again. */
  async #requireFile({ path }: Segment): Promise<void> {
    const now = this.#options.now();
    if (Math.abs(now - this.#lookedAt) < LOOK_MS && !this.#isFull) return;
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    const { nlink } = await this.#file.stat();
    // Not every file system counts links.
    if (nlink === 0) await access(path);
    this.#lookedAt = now;
  }

  /** What was written must not be found by the next one who opens the log: the caller hears that it was refused. */
  async #undo(segment: Segment, cause: unknown): Promise<StorageError> {
    const what = `cannot write to ${segment.path}`;
    try {
      await this.#file.truncate(segment.size);
    } catch (error) {
      return toStorageError(new AggregateError([cause, error], undefined, { cause }), what);
    }
    return toStorageError(cause, what);
  }

  /** Gives room back that costs nothing to get, and begins a new segment when it is time. */
  async #tidy(): Promise<void> {
    try {
      await this.#dropDeadSegments();
      const active = this.#active;
      if (this.#segments.length === 1 && this.#index.size === 0) {
        if (active.size <= KEPT_EMPTY_BYTES && !this.#isFull) return;
        await this.#file.truncate(SEGMENT_HEADER_BYTES);
        active.size = SEGMENT_HEADER_BYTES;
        this.#owed = []; // of what was in it
        this.#isFull = false;
      } else if (active.size >= this.#options.segmentBytes || active.number < this.#compactBelow) {
        await this.#beginSegment();
        await this.#dropDeadSegments();
      }
      this.#reportUpkeep(undefined);
    } catch (error) {
      this.#reportUpkeep(toStorageError(error, `cannot tidy up the storage in ${this.#options.directory}`));
    }
  }

  async #dropDeadSegments(): Promise<void> {
    for (let oldest = this.#segments[0]; oldest !== this.#active; oldest = this.#segments[0]) {
      if (oldest === undefined || oldest.entries > 0) return;
      await rm(oldest.path, { force: true });
      this.#segments.shift();
    }
  }

  async #beginSegment(): Promise<void> {
    const { directory, fsync } = this.#options;
    const { segment, file } = await createSegment(directory, this.#active.number + 1, fsync);
    const previous = this.#file;
    this.#segments.push(segment);
    this.#active = segment;
    this.#file = file;
    await previous.close();
  }

  /** Nothing is lost by a failure here, it takes room only: logged once until it works again. */
  #reportUpkeep(error: StorageError | undefined): void {
    if (error !== undefined && !this.#upkeepFailed) {
      this.#options.logger.warn("Storage files could not be tidied up.", { error });
    }
    this.#upkeepFailed = error !== undefined;
  }

  get #garbageBytes(): number {
    return this.fileBytes - this.liveBytes - this.#segments.length * SEGMENT_HEADER_BYTES;
  }

  /** Moves something out of the oldest segment if there is reason to. @returns whether to go on */
  async #compactSome(): Promise<boolean> {
    const oldest = this.#segments[0] as Segment;
    const { segmentBytes, moveBytes } = this.#options;
    if (oldest === this.#active) return false;
    const excess = this.#garbageBytes > this.liveBytes + BORNE_SEGMENTS * segmentBytes;
    if (!excess && oldest.number >= this.#compactBelow) return false;
    try {
      const operations: (StorageOperation & { readonly crc: number })[] = [];
      let bytes = 0;
      for (const [key, { offset, length, crc }] of this.#index.placesIn(oldest)) {
        // A damaged value goes along as it is, with the sum that says so.
        operations.push({ type: "set", key, crc, value: await readAt(oldest.path, offset, length) });
        bytes += length;
        if (moveBytes > 0 && bytes >= moveBytes) break;
      }
      if (operations.length === 0) return false;
      const error = await this.#append([encodeRecord(operations)]);
      this.#reportUpkeep(error);
      if (error === undefined) return true;
    } catch (error) {
      this.#reportUpkeep(toStorageError(error, `cannot compact the storage in ${this.#options.directory}`));
    }
    // Tried again with the next batch, or when compaction is next asked for.
    this.#compactBelow = 0;
    return false;
  }
}

function isGrowing({ operations }: Write): boolean {
  return operations.some(({ type }) => type === "set");
}
