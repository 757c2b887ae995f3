import { equalBytes, matchBytes } from "./byte-match.ts";
import { BytePool, growInt32 } from "./byte-pool.ts";
import type { FamilyMessage } from "./family-message.ts";
import type { MetadataLine } from "./family-table.ts";
import { formatOpenMetricsFloat } from "./go-number.ts";
import { repeatedName } from "./label-values.ts";
import { LABEL, readLabelPair } from "./metric-message.ts";
import type { SeriesStore } from "./series-store.ts";
import type { FamilyType } from "./types.ts";
import { WireCursor } from "./wire-cursor.ts";

/** What is known of a family as it is spelt. */
export interface FamilyRecord {
  readonly id: number;
  readonly name: string;
  readonly type: FamilyType;
  /** Index of its metadata. */
  line: number;
  /** Where help and unit are in the slab. */
  help: ByteRange;
  unit: ByteRange;
  /** The record of the metric expected first, -1 if unknown. */
  first: number;
}

interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Labels of one metric as they are encoded. */
export interface EncodedLabels {
  /** Over the bytes that hold them. */
  readonly cursor: WireCursor;
  readonly start: number;
  readonly length: number;
}

/** The series that a histogram or summary is exposed as. */
export interface Parts {
  readonly count: number;
  readonly sum: number;
  /** Upper bounds (the infinite one included) or quantiles, with the slot of each. */
  readonly bounds: Float64Array;
  readonly slots: Int32Array;
}

/**
 * The metrics of protobuf bodies as they were spelt. A *record* is the bytes of one metric's labels in one family; it
 * knows its series and the record that came next in its family.
 */
export class MetricRecords {
  readonly #store: SeriesStore;
  readonly metadata: MetadataLine[] = [];
  readonly #families: FamilyRecord[] = [];
  readonly #familyNames: BytePool;
  /** Encoded labels, tagged with their family. */
  readonly #keys: BytePool;
  /** By record: the next record, the slot of its number or native histogram (-1: not known yet), whether it has a NUL. */
  #next = new Int32Array(64);
  #slots = new Int32Array(64);
  #nul = new Uint8Array(64);
  readonly #parts: (Parts | undefined)[] = [];

  constructor(store: SeriesStore) {
    this.#store = store;
    this.#familyNames = new BytePool(store.slab);
    this.#keys = new BytePool(store.slab);
  }

  get recordCount(): number {
    return this.#keys.size + this.metadata.length;
  }

  next(record: number): number {
    return this.#next[record]!;
  }

  /** The family that has just been read. @throws ExpositionError */
  family(message: FamilyMessage, cursor: WireCursor): FamilyRecord {
    const { bytes, view } = cursor;
    const { nameStart, nameEnd, typeNumber } = message;
    const length = nameEnd - nameStart;
    const id = this.#familyNames.find(view, nameStart, length, typeNumber + 1);
    if (id >= 0) {
      const known = this.#families[id]!;
      if (this.#saysTheSame(known, message, view)) return known;
      Object.assign(known, this.#describe(known.name, message, cursor));
      return known;
    }
    const name = cursor.textIn(nameStart, nameEnd, "a metric name");
    const described = this.#describe(name, message, cursor);
    this.#familyNames.add(bytes, view, nameStart, length, typeNumber + 1);
    const family = { id: this.#families.length, name, type: message.type, first: -1, ...described };
    this.#families.push(family);
    return family;
  }

  /** Whether the labels at `start` are those of a record. Such a metric may still have more labels further on. */
  matches(record: number, view: DataView, start: number, end: number): boolean {
    const { slab } = this.#store;
    const length = this.#keys.length(record);
    const labelsEnd = start + length;
    if (labelsEnd > end || (labelsEnd < end && view.getUint8(labelsEnd) === LABEL)) return false;
    const match = this.#nul[record] === 1 ? equalBytes : matchBytes;
    return match(view, start, slab.view, this.#keys.offset(record), length);
  }

  /** Length of the labels of a record. */
  keyLength(record: number): number {
    return this.#keys.length(record);
  }

  /** The record of labels, -1 if it is new. */
  find(family: FamilyRecord, { cursor, start, length }: EncodedLabels): number {
    return this.#keys.find(cursor.view, start, length, family.id + 1);
  }

  /** A record of labels that {@link find} did not find and that are valid. */
  add(family: FamilyRecord, { cursor, start, length }: EncodedLabels): number {
    const { bytes, view } = cursor;
    const record = this.#keys.add(bytes, view, start, length, family.id + 1);
    if (record >= this.#nul.length) {
      this.#next = growInt32(this.#next, record + 1);
      this.#slots = growInt32(this.#slots, record + 1);
      const larger = new Uint8Array(this.#next.length);
      larger.set(this.#nul);
      this.#nul = larger;
    }
    this.#next[record] = -1;
    this.#slots[record] = -1;
    this.#nul[record] = bytes.subarray(start, start + length).includes(0) ? 1 : 0;
    return record;
  }

  /** Notes that `record` came after `previous` in its family (-1: first). */
  link(family: FamilyRecord, previous: number, record: number): void {
    if (previous === record) return;
    const expected = previous < 0 ? family.first : this.#next[previous]!;
    if (expected === record) return;
    if (this.#next[record] === -1) this.#next[record] = expected;
    if (previous < 0) family.first = record;
    else this.#next[previous] = record;
  }

  /** The slot of a record's number or native histogram. */
  slot(family: FamilyRecord, record: number, native: boolean): number {
    const known = this.#slots[record]!;
    if (known >= 0) return known;
    const slot = this.#seriesSlot(family.name, this.#labels(record), native);
    this.#slots[record] = slot;
    return slot;
  }

  /**
   * The series of a record's histogram or summary with these bounds.
   * @throws ExpositionError when the labels take the name that the bounds need
   */
  parts(
    family: FamilyRecord,
    record: number,
    bounds: Float64Array,
    count: number,
    cursor: WireCursor,
  ): Parts {
    const known = this.#parts[record];
    if (known !== undefined && haveBounds(known, bounds, count)) return known;
    const [label, suffix] = family.type === "summary" ? ["quantile", ""] : ["le", "_bucket"];
    const labels = this.#labels(record);
    if (count > 0 && labels.some(([name]) => name === label)) {
      cursor.fail(`label name ${JSON.stringify(label)} comes twice`);
    }
    const parts = {
      count: this.#seriesSlot(`${family.name}_count`, labels),
      sum: this.#seriesSlot(`${family.name}_sum`, labels),
      bounds: bounds.slice(0, count),
      slots: Int32Array.from(bounds.subarray(0, count), (bound) =>
        this.#seriesSlot(`${family.name}${suffix}`, [...labels, [label, formatOpenMetricsFloat(bound)]]),
      ),
    };
    this.#parts[record] = parts;
    return parts;
  }

  #seriesSlot(name: string, labels: readonly Label[], native = false): number {
    const store = this.#store;
    const set = store.labelSets.internStrings(
      labels.map(([label]) => label),
      labels.map(([, value]) => value),
    );
    return store.slot(store.internNameText(name), set, native);
  }

  /** The labels of a record. They were valid when it was learnt. */
  #labels(record: number): readonly Label[] {
    const start = this.#keys.offset(record);
    return readLabels(new WireCursor(this.#store.slab.buffer), start, start + this.#keys.length(record));
  }

  #saysTheSame({ help, unit }: FamilyRecord, message: FamilyMessage, view: DataView): boolean {
    return (
      this.#isRange(help, view, message.helpStart, message.helpEnd) &&
      this.#isRange(unit, view, message.unitStart, message.unitEnd)
    );
  }

  #isRange({ offset, length }: ByteRange, view: DataView, start: number, end: number): boolean {
    return end - start === length && equalBytes(view, start, this.#store.slab.view, offset, length);
  }

  /** Metadata that is new. */
  #describe(
    name: string,
    message: FamilyMessage,
    cursor: WireCursor,
  ): Pick<FamilyRecord, "line" | "help" | "unit"> {
    const { helpStart, helpEnd, unitStart, unitEnd, type } = message;
    const help = cursor.textIn(helpStart, helpEnd, "a help text");
    const unit = cursor.bytes.toString("utf8", unitStart, unitEnd);
    this.metadata.push({ family: name, type, ...(help !== "" && { help }), ...(unit !== "" && { unit }) });
    const { slab } = this.#store;
    const kept = (start: number, length: number) => ({
      offset: slab.append(cursor.bytes, start, length),
      length,
    });
    return {
      line: this.metadata.length - 1,
      help: kept(helpStart, helpEnd - helpStart),
      unit: kept(unitStart, unitEnd - unitStart),
    };
  }
}

type Label = readonly [name: string, value: string];

/** The labels of a metric as they are encoded, side by side. */
export function encodedLabels(cursor: WireCursor, start: number, end: number): EncodedLabels {
  const ranges: Buffer[] = [];
  let together = start;
  const outer = cursor.end;
  cursor.pos = start;
  cursor.end = end;
  while (cursor.pos < end) {
    const at = cursor.pos;
    const tag = cursor.tag();
    if (tag !== LABEL) {
      cursor.skip(tag);
      continue;
    }
    cursor.pos = cursor.delimited();
    if (together === at) together = cursor.pos;
    ranges.push(cursor.bytes.subarray(at, cursor.pos));
  }
  cursor.end = outer;
  const bytes = Buffer.concat(ranges);
  if (bytes.length === together - start) return { cursor, start, length: bytes.length };
  const copy = new WireCursor(bytes);
  copy.subject = cursor.subject;
  return { cursor: copy, start: 0, length: bytes.length };
}

/** The labels in a range of encoded ones. @throws ExpositionError when they cannot be those of a series */
export function readLabels(cursor: WireCursor, start: number, end: number): readonly Label[] {
  const labels: Label[] = [];
  const outer = cursor.end;
  cursor.pos = start;
  cursor.end = end;
  while (cursor.pos < end) {
    cursor.tag();
    const at = cursor.pos;
    const label = readLabelPair(cursor, true);
    if (label[0] === "") cursor.fail("a label has no name", at);
    labels.push(label);
  }
  cursor.end = outer;
  const repeated = repeatedName(labels.map(([name]) => name));
  if (repeated !== undefined) cursor.fail(`label name ${JSON.stringify(repeated)} comes twice`, start);
  return labels;
}

function haveBounds(parts: Parts, bounds: Float64Array, count: number): boolean {
  if (parts.bounds.length !== count) return false;
  for (let i = 0; i < count; i++) {
    if (parts.bounds[i] !== bounds[i] && !Object.is(parts.bounds[i], bounds[i])) return false;
  }
  return true;
}
