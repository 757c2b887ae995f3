import { BytePool, growInt32, PairIndex } from "./byte-pool.ts";
import { type MetadataLine, readMetadata } from "./family-table.ts";
import type { LineKind, LineReader } from "./line-reader.ts";
import type { SeriesStore } from "./series-store.ts";

/** Fields of a record, eight to a record. */
export const Field = {
  /** The bare metric name, or a whole metadata line, in the slab. */
  NAME: 0,
  NAME_LENGTH: 1,
  /** The label block in the slab; length 0 = none. */
  BLOCK: 2,
  BLOCK_LENGTH: 3,
  /** Slot of the series, or index of the metadata line. */
  TARGET: 4,
  /** The record whose line came next when this one was last seen, -1 if unknown. */
  NEXT: 5,
  /** 0 for what a plain comparison identifies, else {@link RecordFlag}s and the block's type context. */
  FLAGS: 6,
} as const;
export const fieldsPerRecord = 8;

export const RecordFlag = { METADATA: 1, HAS_NUL: 2 } as const;
/** The type context that a record's label block was read under stands above the flags. */
export const contextShift = 2;

/**
 * The lines of a text format as they were spelt. A *record* is one line (a metadata line, or the series part of a sample
 * line); its bytes are in the store's slab, it points to the series it stands for and to the record expected on the next
 * line. Names and label blocks are stored once, however many records use them.
 *
 *     records    kv_cpu{vm="a"} ─▶ kv_cpu{vm="b"} ─▶ # TYPE kv_mem gauge ─▶ kv_mem{vm="a"} ─▶ …
 *     entries       slot 0            slot 1                                   slot 2
 */
export class LineRecords {
  readonly #store: SeriesStore;
  /** Read by the scan; see {@link Field}. Replaced when it grows. */
  records: Int32Array = new Int32Array(64 * fieldsPerRecord);
  recordCount = 0;
  /** The record expected on the first line, -1 if unknown. */
  first = -1;
  readonly metadata: MetadataLine[] = [];

  readonly #metadataPool: BytePool;
  readonly #metadataRecords: number[] = [];
  /** By bare name and block, -1 for none. */
  readonly #recordIndex = new PairIndex();
  /** Per record: bare name and block. */
  #spellings: Int32Array = new Int32Array(64 * 2);
  /** Per slot: the record it was last met under, + 1. */
  #lastRecords: Int32Array = new Int32Array(64);

  constructor(store: SeriesStore) {
    this.#store = store;
    this.#metadataPool = new BytePool(store.slab);
  }

  /** The record of a sample line's series, learnt with its entry if it is new. */
  sampleRecord(bareName: number, block: number): number {
    const found = this.#recordIndex.find(bareName, block);
    if (found >= 0) {
      this.#lastRecords[this.records[found * fieldsPerRecord + Field.TARGET]!] = found + 1;
      return found;
    }
    const store = this.#store;
    const inner = block < 0 ? undefined : store.labelSets.metricName(block);
    const name = inner === undefined ? bareName : store.internNameText(inner);
    const slot = store.slot(name, block < 0 ? store.labelSets.empty : store.labelSets.set(block));
    return this.#addSampleRecord(bareName, block, slot);
  }

  /** The record of the metadata line the reader has just read. */
  metadataRecord(reader: LineReader, kind: LineKind): number {
    const start = reader.lineStart;
    const length = reader.textEnd - start;
    const found = this.#metadataPool.find(reader.view, start, length);
    if (found >= 0) return this.#metadataRecords[found]!;
    return this.#addMetadata(reader.bytes, reader.view, start, length, readMetadata(reader, kind));
  }

  /** Notes that `record` came after `previous` (-1: on the first line); what came there before is expected after it. */
  link(previous: number, record: number): void {
    if (previous === record) return;
    const expected = previous < 0 ? this.first : this.records[previous * fieldsPerRecord + Field.NEXT]!;
    if (expected === record) return;
    const next = record * fieldsPerRecord + Field.NEXT;
    if (this.records[next] === -1) this.records[next] = expected;
    if (previous < 0) this.first = record;
    else this.records[previous * fieldsPerRecord + Field.NEXT] = record;
  }

  /**
   * Takes over from other records one spelling of each series that stays, the metadata lines given, and the order of
   * lines. The store must have adopted the series.
   */
  adopt(from: LineRecords, newSlots: Int32Array, metadataLines: Iterable<number>): void {
    const [store, old] = [this.#store, from.#store];
    const moved = new Int32Array(from.recordCount).fill(-1);
    const block = (id: number) => (id < 0 ? -1 : store.labelSets.adopt(old.labelSets, id));
    const name = (id: number) => (id < 0 ? -1 : store.adoptName(old, id));
    for (const [slot, newSlot] of newSlots.entries()) {
      const record = (from.#lastRecords[slot] ?? 0) - 1;
      if (newSlot < 0 || record < 0) continue;
      const [bareName, spelling] = [from.#spellings[record * 2]!, from.#spellings[record * 2 + 1]!];
      moved[record] = this.#addSampleRecord(name(bareName), block(spelling), newSlot);
    }
    for (const line of metadataLines) {
      const [offset, length] = [from.#metadataPool.offset(line), from.#metadataPool.length(line)];
      if (this.#metadataPool.find(old.slab.view, offset, length) >= 0) continue;
      const { buffer, view } = old.slab;
      moved[from.#metadataRecords[line]!] = this.#addMetadata(
        buffer,
        view,
        offset,
        length,
        from.metadata[line]!,
      );
    }
    this.first = from.#nextKept(from.first, moved);
    for (let record = 0; record < from.recordCount; record++) {
      if (moved[record]! < 0) continue;
      const next = from.#nextKept(from.records[record * fieldsPerRecord + Field.NEXT]!, moved);
      this.records[moved[record]! * fieldsPerRecord + Field.NEXT] = next;
    }
  }

  /** The metadata line with the same text as line `line` of other records. */
  metadataLike(from: LineRecords, line: number): number {
    const { view } = from.#store.slab;
    return this.#metadataPool.find(view, from.#metadataPool.offset(line), from.#metadataPool.length(line));
  }

  /** Follows the order of lines to one that stays. Gives up soon: the order is only a guess. */
  #nextKept(start: number, moved: Int32Array): number {
    let record = start;
    for (let steps = 0; record >= 0 && steps < 256; steps++) {
      if (moved[record]! >= 0) return moved[record]!;
      record = this.records[record * fieldsPerRecord + Field.NEXT]!;
    }
    return -1;
  }

  #addSampleRecord(bareName: number, block: number, slot: number): number {
    const store = this.#store;
    const sets = store.labelSets;
    const hasBlock = block >= 0;
    const context = hasBlock ? sets.pool.tag(block) : 0;
    const flags = (context << contextShift) | (hasBlock && sets.hasNul(block) ? RecordFlag.HAS_NUL : 0);
    const record = this.#addRecord(
      bareName < 0 ? 0 : store.nameOffset(bareName),
      bareName < 0 ? 0 : store.nameLength(bareName),
      hasBlock ? sets.pool.offset(block) : 0,
      hasBlock ? sets.pool.length(block) : 0,
      slot,
      flags,
    );
    this.#spellings = growInt32(this.#spellings, (record + 1) * 2);
    this.#spellings[record * 2] = bareName;
    this.#spellings[record * 2 + 1] = block;
    this.#lastRecords = growInt32(this.#lastRecords, slot + 1);
    this.#lastRecords[slot] = record + 1;
    this.#recordIndex.add(bareName, block, record);
    return record;
  }

  #addMetadata(bytes: Buffer, view: DataView, start: number, length: number, line: MetadataLine): number {
    const id = this.#metadataPool.add(bytes, view, start, length);
    const nul = bytes.subarray(start, start + length).includes(0) ? RecordFlag.HAS_NUL : 0;
    const offset = this.#metadataPool.offset(id);
    const record = this.#addRecord(offset, length, 0, 0, id, RecordFlag.METADATA | nul);
    this.metadata.push(line);
    this.#metadataRecords.push(record);
    return record;
  }

  #addRecord(
    name: number,
    nameLength: number,
    block: number,
    blockLength: number,
    target: number,
    flags: number,
  ): number {
    const record = this.recordCount++;
    const at = record * fieldsPerRecord;
    this.records = growInt32(this.records, at + fieldsPerRecord);
    this.records[at + Field.NAME] = name;
    this.records[at + Field.NAME_LENGTH] = nameLength;
    this.records[at + Field.BLOCK] = block;
    this.records[at + Field.BLOCK_LENGTH] = blockLength;
    this.records[at + Field.TARGET] = target;
    this.records[at + Field.NEXT] = -1;
    this.records[at + Field.FLAGS] = flags;
    return record;
  }
}
