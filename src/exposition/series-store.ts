import { equalBytes } from "./byte-match.ts";
import { BytePool, ByteSlab, growInt32, PairIndex, viewOf } from "./byte-pool.ts";
import { type MetadataLine, readMetadata } from "./family-table.ts";
import { checkMetricName } from "./label-limits.ts";
import { LabelSets } from "./label-sets.ts";
import type { LineKind, TextReader } from "./text-reader.ts";
import type { Admission, ExpositionLimits, Labels, SeriesEntry } from "./types.ts";

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

export interface MutableEntry extends SeriesEntry {
  slot: number;
  family: string;
}

/**
 * Everything learnt from the bodies of one target, by id. A *record* is one line as it is spelt (a metadata line, or
 * the series part of a sample line); its bytes are in the slab, it points to the series it stands for and to the record
 * expected on the next line. Names and label blocks are stored once, however many records use them.
 *
 *     records    kv_cpu{vm="a"} ─▶ kv_cpu{vm="b"} ─▶ # TYPE kv_mem gauge ─▶ kv_mem{vm="a"} ─▶ …
 *     entries       slot 0            slot 1                                   slot 2
 */
export class SeriesStore {
  readonly slab = new ByteSlab();
  readonly labelSets: LabelSets;
  readonly #limits: ExpositionLimits;
  readonly #admit: Admission | undefined;
  /** Read by the scan; see {@link Field}. Replaced when it grows. */
  records: Int32Array = new Int32Array(64 * fieldsPerRecord);
  recordCount = 0;
  /** The record expected on the first line, -1 if unknown. */
  first = -1;
  readonly entries: MutableEntry[] = [];
  readonly metadata: MetadataLine[] = [];

  readonly #names = new BytePool(this.slab);
  readonly #nameTexts: string[] = [];
  #lastName = -1;
  readonly #metadataPool = new BytePool(this.slab);
  #metadataRecords: number[] = [];
  /** By bare name and block, -1 for none. */
  readonly #recordIndex = new PairIndex();
  /** Entries of occurrence 0 by name and label set, and the next occurrence of those that repeat. */
  readonly #entryIndex = new PairIndex();
  readonly #repeats = new Map<number, number>();
  /** Per slot: name, label set, the record it was last met under. */
  #slots: Int32Array = new Int32Array(64 * 3);
  /** Per record: bare name and block. */
  #spellings: Int32Array = new Int32Array(64 * 2);

  constructor(limits: ExpositionLimits, admit: Admission | undefined) {
    this.#limits = limits;
    this.#admit = admit;
    this.labelSets = new LabelSets(this.slab, limits);
  }

  /** The id of the bare name of the reader's sample line, -1 if it has none. */
  internName(reader: TextReader): number {
    const { nameStart, nameEnd } = reader;
    const length = nameEnd - nameStart;
    if (length === 0) return -1;
    const last = this.#lastName;
    const names = this.#names;
    if (
      last >= 0 &&
      names.length(last) === length &&
      equalBytes(reader.view, nameStart, this.slab.view, names.offset(last), length)
    ) {
      return last;
    }
    this.#lastName = this.#name(reader.bytes, reader.view, nameStart, length);
    return this.#lastName;
  }

  /** The record of a sample line's series, learnt with its entry if it is new. */
  sampleRecord(bareName: number, block: number): number {
    const found = this.#recordIndex.find(bareName, block);
    if (found >= 0) {
      this.#slots[this.records[found * fieldsPerRecord + Field.TARGET]! * 3 + 2] = found;
      return found;
    }
    let name = bareName;
    const metricName = block < 0 ? undefined : this.labelSets.metricName(block);
    if (metricName !== undefined) {
      const bytes = Buffer.from(metricName);
      name = this.#name(bytes, viewOf(bytes), 0, bytes.length);
    }
    const set = block < 0 ? this.labelSets.empty : this.labelSets.set(block);
    let slot = this.#entryIndex.find(name, set);
    if (slot < 0) {
      this.#admit?.(this.#nameTexts[name]!, this.labelSets.labels(set));
      slot = this.#addEntry(name, set, 0, undefined);
      this.#entryIndex.add(name, set, slot);
    }
    return this.#addSampleRecord(bareName, block, slot);
  }

  /** The slot of the occurrence after the given one, made if it is new. */
  repeat(slot: number): number {
    const known = this.#repeats.get(slot);
    if (known !== undefined) return known;
    const [name, set] = [this.#slots[slot * 3]!, this.#slots[slot * 3 + 1]!];
    const next = this.#addEntry(name, set, this.entries[slot]!.occurrence + 1, undefined);
    this.#repeats.set(slot, next);
    return next;
  }

  /** The record of the metadata line the reader has just read. */
  metadataRecord(reader: TextReader, kind: LineKind): number {
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
   * Takes over the series of another store that are to stay, in their order, with their entry and label objects, one
   * spelling each, the metadata lines given, and the order of lines.
   */
  adopt(from: SeriesStore, newSlots: Int32Array, metadataLines: Iterable<number>): void {
    const moved = new Int32Array(from.recordCount).fill(-1);
    const block = (id: number) => (id < 0 ? -1 : this.labelSets.adopt(from.labelSets, id));
    const name = (id: number) => (id < 0 ? -1 : this.#adoptName(from, id));
    for (let old = 0; old < from.entries.length; old++) {
      if (newSlots[old]! < 0) continue;
      const entry = from.entries[old]!;
      const [newName, newSet] = [name(from.#slots[old * 3]!), block(from.#slots[old * 3 + 1]!)];
      const slot = this.#addEntry(newName, newSet, entry.occurrence, entry);
      if (entry.occurrence > 0) continue;
      this.#entryIndex.add(newName, newSet, slot);
      for (
        let k = old, next = from.#repeats.get(k);
        next !== undefined;
        k = next, next = from.#repeats.get(k)
      ) {
        if (newSlots[next]! >= 0) this.#repeats.set(newSlots[k]!, newSlots[next]!);
      }
      const record = from.#slots[old * 3 + 2]!;
      const [bareName, spelling] = [from.#spellings[record * 2]!, from.#spellings[record * 2 + 1]!];
      moved[record] = this.#addSampleRecord(name(bareName), block(spelling), slot);
    }
    for (const line of metadataLines) {
      const [offset, length] = [from.#metadataPool.offset(line), from.#metadataPool.length(line)];
      if (this.#metadataPool.find(from.slab.view, offset, length) >= 0) continue;
      moved[from.#metadataRecords[line]!] = this.#addMetadata(
        from.slab.buffer,
        from.slab.view,
        offset,
        length,
        from.metadata[line]!,
      );
    }
    this.first = from.#nextKept(from.first, moved);
    for (let old = 0; old < from.recordCount; old++) {
      if (moved[old]! < 0) continue;
      const next = from.#nextKept(from.records[old * fieldsPerRecord + Field.NEXT]!, moved);
      this.records[moved[old]! * fieldsPerRecord + Field.NEXT] = next;
    }
  }

  /** The metadata line with the same text as line `line` of another store. */
  metadataLike(from: SeriesStore, line: number): number {
    const { offset, length } = {
      offset: from.#metadataPool.offset(line),
      length: from.#metadataPool.length(line),
    };
    return this.#metadataPool.find(from.slab.view, offset, length);
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

  #name(bytes: Buffer, view: DataView, start: number, length: number): number {
    const found = this.#names.find(view, start, length);
    if (found >= 0) return found;
    const text = bytes.toString("utf8", start, start + length);
    checkMetricName(this.#limits, text);
    this.#nameTexts.push(text);
    return this.#names.add(bytes, view, start, length);
  }

  #adoptName(from: SeriesStore, id: number): number {
    const { buffer, view } = from.slab;
    return this.#name(buffer, view, from.#names.offset(id), from.#names.length(id));
  }

  #addEntry(name: number, set: number, occurrence: number, entry: MutableEntry | undefined): number {
    const slot = this.entries.length;
    this.#slots = growInt32(this.#slots, (slot + 1) * 3);
    this.#slots[slot * 3] = name;
    this.#slots[slot * 3 + 1] = set;
    this.#slots[slot * 3 + 2] = -1;
    if (entry === undefined) {
      const text = this.#nameTexts[name]!;
      const labels: Labels = this.labelSets.labels(set);
      this.entries.push({ slot, name: text, labels, occurrence, family: text });
    } else {
      entry.slot = slot;
      this.entries.push(entry);
    }
    return slot;
  }

  #addSampleRecord(bareName: number, block: number, slot: number): number {
    const sets = this.labelSets;
    const hasBlock = block >= 0;
    const context = hasBlock ? sets.pool.tag(block) : 0;
    const flags = (context << contextShift) | (hasBlock && sets.hasNul(block) ? RecordFlag.HAS_NUL : 0);
    const record = this.#addRecord(
      bareName < 0 ? 0 : this.#names.offset(bareName),
      bareName < 0 ? 0 : this.#names.length(bareName),
      hasBlock ? sets.pool.offset(block) : 0,
      hasBlock ? sets.pool.length(block) : 0,
      slot,
      flags,
    );
    this.#spellings = growInt32(this.#spellings, (record + 1) * 2);
    this.#spellings[record * 2] = bareName;
    this.#spellings[record * 2 + 1] = block;
    this.#slots[slot * 3 + 2] = record;
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
