import { equalBytes, matchBytes } from "./byte-match.ts";
import { BytePool, growInt32, PairIndex } from "./byte-pool.ts";
import { type EncodedLabels, EncodedSets } from "./encoded-labels.ts";
import type { FamilyMessage } from "./family-message.ts";
import type { MetadataLine } from "./family-table.ts";
import { formatOpenMetricsFloat } from "./go-number.ts";
import { LABEL } from "./metric-message.ts";
import type { SeriesStore } from "./series-store.ts";
import type { FamilyType } from "./types.ts";
import type { WireCursor } from "./wire-cursor.ts";

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

/** The series that a histogram or summary is exposed as. */
export interface Parts {
  readonly count: number;
  readonly sum: number;
  /** Upper bounds (the infinite one included) or quantiles, with the slot of each. */
  readonly bounds: Float64Array;
  readonly slots: Int32Array;
}

/**
 * The metrics of protobuf bodies as they were spelt. A *record* is a metric of one family with the bytes of
 * its labels; it knows its series and the record that came next in its family.
 */
export class MetricRecords {
  readonly #store: SeriesStore;
  readonly metadata: MetadataLine[] = [];
  readonly #families: FamilyRecord[] = [];
  readonly #familyNames: BytePool;
  readonly #sets: EncodedSets;
  /** Records by family and key of their labels. */
  readonly #index = new PairIndex();
  #count = 0;
  /** By record: the next record, key of its labels, slot of its number or native histogram (-1: not known yet). */
  #next = new Int32Array(64);
  #keys = new Int32Array(64);
  #slots = new Int32Array(64);
  readonly #parts: (Parts | undefined)[] = [];

  constructor(store: SeriesStore) {
    this.#store = store;
    this.#familyNames = new BytePool(store.slab);
    this.#sets = new EncodedSets(store);
  }

  get recordCount(): number {
    return this.#count + this.metadata.length;
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
    const sets = this.#sets;
    const key = this.#keys[record]!;
    const length = sets.length(key);
    const labelsEnd = start + length;
    if (labelsEnd > end || (labelsEnd < end && view.getUint8(labelsEnd) === LABEL)) return false;
    const slab = this.#store.slab.view;
    return sets.hasNul(key)
      ? equalBytes(view, start, slab, sets.offset(key), length)
      : matchBytes(view, start, slab, sets.offset(key), length);
  }

  /** Length of the labels of a record. */
  labelsLength(record: number): number {
    return this.#sets.length(this.#keys[record]!);
  }

  /** The key of labels, -1 if they are new. */
  key(labels: EncodedLabels): number {
    return this.#sets.find(labels);
  }

  /** The record of a key in a family, -1 if it is new. */
  find(family: FamilyRecord, key: number): number {
    return key < 0 ? -1 : this.#index.find(family.id, key);
  }

  /**
   * Learns the record of labels.
   * @param known their key, -1 if they are new
   * @throws ExpositionError, ExpositionLimitError
   */
  add(family: FamilyRecord, labels: EncodedLabels, known: number): number {
    const key = known < 0 ? this.#sets.add(labels) : known;
    const record = this.#count++;
    this.#next = growInt32(this.#next, record + 1);
    this.#keys = growInt32(this.#keys, record + 1);
    this.#slots = growInt32(this.#slots, record + 1);
    this.#next[record] = -1;
    this.#keys[record] = key;
    this.#slots[record] = -1;
    this.#index.add(family.id, key, record);
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
    const store = this.#store;
    const slot = store.slot(store.internNameText(family.name), this.#set(record), native);
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
    const store = this.#store;
    const set = this.#set(record);
    const labels = count > 0 ? this.#sets.labels(this.#keys[record]!) : [];
    if (labels.some(([name]) => name === label)) {
      cursor.fail(`label name ${JSON.stringify(label)} comes twice`);
    }
    const names = [...labels.map(([name]) => name), label];
    const values = labels.map(([, value]) => value);
    // In the order of text, so that slots are.
    const countSlot = store.slot(store.internNameText(`${family.name}_count`), set);
    const sumSlot = store.slot(store.internNameText(`${family.name}_sum`), set);
    const partName = store.internNameText(`${family.name}${suffix}`);
    const parts = {
      count: countSlot,
      sum: sumSlot,
      bounds: bounds.slice(0, count),
      slots: Int32Array.from(bounds.subarray(0, count), (bound) => {
        values[labels.length] = formatOpenMetricsFloat(bound);
        return store.slot(partName, store.labelSets.internStrings(names, values));
      }),
    };
    this.#parts[record] = parts;
    return parts;
  }

  #set(record: number): number {
    return this.#sets.set(this.#keys[record]!);
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

function haveBounds(parts: Parts, bounds: Float64Array, count: number): boolean {
  if (parts.bounds.length !== count) return false;
  for (let i = 0; i < count; i++) {
    if (parts.bounds[i] !== bounds[i] && !Object.is(parts.bounds[i], bounds[i])) return false;
  }
  return true;
}
