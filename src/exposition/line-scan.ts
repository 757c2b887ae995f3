import { matchBytes } from "./byte-match.ts";
import { readExemplar } from "./exemplar.ts";
import { LineKind, type LineReader } from "./line-reader.ts";
import { contextShift, Field, fieldsPerRecord, type LineRecords, RecordFlag } from "./line-records.ts";
import type { Observation } from "./observation.ts";
import type { SeriesStore } from "./series-store.ts";
import { TypeContext, typeContext } from "./type-context.ts";

const NEWLINE = 10;
const SPACE = 32;

/**
 * Scans one body of a text format into `seen`. A line is first compared with the record that followed the one before: when the
 * bytes are equal only the value is left to read. Everything else, a line out of order, a new one, an unusual number, is
 * read by the grammar, found or learnt, and linked for the next time.
 * @throws ExpositionError, ExpositionLimitError
 */
export function scanLines(
  reader: LineReader,
  store: SeriesStore,
  lines: LineRecords,
  seen: Observation,
  sampleLimit: number,
): void {
  const { bytes, view, decimal, lastNewline } = reader;
  const slow = new LineLearner(reader, store, lines, seen, sampleLimit);

  let { records } = lines;
  let slab = store.slab.view;
  let { values } = seen;
  let mask = seen.seen;
  let contextFlag: number = slow.context << contextShift;
  let previous = -1;
  let expected = lines.first;
  let pos = 0;
  let predicted = 0;

  try {
    while (pos < bytes.length) {
      if (expected >= 0) {
        const record = expected * fieldsPerRecord;
        const flags = records[record + Field.FLAGS]!;
        const nameLength = records[record + Field.NAME_LENGTH]!;
        const blockStart = pos + nameLength;
        const blockLength = records[record + Field.BLOCK_LENGTH]!;
        const p = blockStart + blockLength;
        if (p <= lastNewline && matchBytes(view, pos, slab, records[record + Field.NAME]!, nameLength)) {
          if (flags === 0 || flags === contextFlag) {
            const slot = records[record + Field.TARGET]!;
            if (
              bytes[p] === SPACE &&
              matchBytes(view, blockStart, slab, records[record + Field.BLOCK]!, blockLength) &&
              // A bare name may be followed by blanks and then by the labels of another series.
              (blockLength > 0 || !reader.labelsFollow(p))
            ) {
              const value = decimal.read(bytes, p + 1);
              if (mask[slot] === 1) {
                reader.pos = p;
                slow.repeat(slot, predicted);
                pos = reader.pos;
                values = seen.values;
                mask = seen.seen;
              } else if (bytes[decimal.end] === NEWLINE && !Number.isNaN(value)) {
                values[slot] = value;
                pos = decimal.end + 1;
              } else {
                reader.pos = p;
                reader.readSuffix();
                values[slot] = reader.value;
                if (!Number.isNaN(reader.timestamp)) seen.putTimestamp(slot, reader.timestamp);
                if (reader.exemplar !== undefined)
                  seen.putExemplar(slot, readExemplar(reader, reader.exemplar));
                pos = reader.pos;
              }
              mask[slot] = 1;
              predicted++;
              previous = expected;
              expected = records[record + Field.NEXT]!;
              continue;
            }
          } else if (flags === RecordFlag.METADATA && bytes[p] === NEWLINE) {
            contextFlag = slow.metadata(records[record + Field.TARGET]!) << contextShift;
            pos = p + 1;
            previous = expected;
            expected = records[record + Field.NEXT]!;
            continue;
          }
        }
      }
      seen.predicted = predicted;
      const learnt = slow.line(pos, previous, predicted);
      pos = reader.pos;
      if (learnt >= 0) {
        previous = learnt;
        records = lines.records;
        expected = records[learnt * fieldsPerRecord + Field.NEXT]!;
        slab = store.slab.view;
        values = seen.values;
        mask = seen.seen;
        contextFlag = slow.context << contextShift;
      } else if (slow.ended) {
        return;
      }
    }
    reader.pos = pos;
    reader.checkEnd();
  } finally {
    // Of a body that fails as well: what came before the error counts.
    seen.predicted = predicted;
    seen.samples = slow.samples + predicted;
  }
}

/** Reads lines that were not predicted. */
class LineLearner {
  readonly #reader: LineReader;
  readonly #store: SeriesStore;
  readonly #lines: LineRecords;
  readonly #seen: Observation;
  readonly #sampleLimit: number;
  /** Samples read here. */
  samples = 0;
  ended = false;
  context: TypeContext = TypeContext.PLAIN;
  #lastBlock = -1;

  constructor(
    reader: LineReader,
    store: SeriesStore,
    lines: LineRecords,
    seen: Observation,
    sampleLimit: number,
  ) {
    this.#reader = reader;
    this.#store = store;
    this.#lines = lines;
    this.#seen = seen;
    this.#sampleLimit = sampleLimit > 0 ? sampleLimit : Number.POSITIVE_INFINITY;
  }

  /** Notes a metadata line. @returns the type context from there on */
  metadata(line: number): TypeContext {
    this.#seen.pushMetadata(line);
    const { type } = this.#lines.metadata[line]!;
    if (type !== undefined) this.context = typeContext(type);
    return this.context;
  }

  /** Reads one line from `pos` on. @returns its record, -1 if it has none */
  line(pos: number, previous: number, predicted: number): number {
    const reader = this.#reader;
    reader.pos = pos;
    const kind = reader.startLine();
    if (kind === LineKind.BLANK) return -1;
    if (kind === LineKind.END) {
      this.ended = true;
      return -1;
    }
    let record: number;
    if (kind === LineKind.SAMPLE) {
      record = this.#sample(predicted);
      if (record < 0) return -1;
    } else {
      record = this.#lines.metadataRecord(reader, kind);
      this.metadata(this.#lines.records[record * fieldsPerRecord + Field.TARGET]!);
    }
    this.#lines.link(previous, record);
    return record;
  }

  /** Reads what follows another sample of a series that the body had already. */
  repeat(slot: number, predicted: number): void {
    this.#reader.readSuffix();
    if (this.samples + predicted < this.#sampleLimit) this.#put(slot);
  }

  #put(slot: number): void {
    const { value, timestamp, exemplar } = this.#reader;
    const taken = this.#seen.put(this.#store, slot, value, timestamp);
    if (exemplar !== undefined && taken >= 0) {
      this.#seen.putExemplar(taken, readExemplar(this.#reader, exemplar));
    }
  }

  #sample(predicted: number): number {
    const reader = this.#reader;
    const store = this.#store;
    const sets = store.labelSets;
    let block = this.#predictedBlock();
    if (block < 0) reader.readLabels();
    const hasRead = block < 0;
    reader.readSuffix();
    this.samples++;
    // An over-limit body is read to its end, for its errors and its total, but nothing more is learnt from it.
    if (this.samples + predicted > this.#sampleLimit) return -1;
    if (hasRead && reader.labels.end > 0) block = sets.intern(reader, this.context);
    if (this.#lastBlock >= 0 && block >= 0) sets.setSuccessor(this.#lastBlock, block);
    this.#lastBlock = block;
    const { nameStart, nameEnd } = reader;
    const nameLength = nameEnd - nameStart;
    const bareName =
      nameLength === 0 ? -1 : store.internName(reader.bytes, reader.view, nameStart, nameLength);
    const record = this.#lines.sampleRecord(bareName, block);
    this.#put(this.#lines.records[record * fieldsPerRecord + Field.TARGET]!);
    return record;
  }

  /**
   * Families often list the same label sets in the same order: steps over the block that followed the last line's
   * block before, if it is there again. -1 if not.
   */
  #predictedBlock(): number {
    const reader = this.#reader;
    const sets = this.#store.labelSets;
    if (this.#lastBlock < 0 || !reader.atLabels) return -1;
    const block = sets.successor(this.#lastBlock);
    if (block < 0 || sets.hasNul(block)) return -1;
    const tag = sets.pool.tag(block);
    if (tag !== 0 && tag !== this.context) return -1;
    const length = sets.pool.length(block);
    if (reader.pos + length > reader.end) return -1;
    const named = reader.nameStart !== reader.nameEnd;
    if (named === (sets.metricName(block) !== undefined)) return -1;
    if (!matchBytes(reader.view, reader.pos, this.#store.slab.view, sets.pool.offset(block), length))
      return -1;
    reader.pos += length;
    return block;
  }
}
