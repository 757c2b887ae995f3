import { equalBytes } from "./byte-match.ts";
import { BytePool, growInt32 } from "./byte-pool.ts";
import { repeatedName } from "./label-values.ts";
import { LABEL } from "./metric-message.ts";
import type { SeriesStore } from "./series-store.ts";
import { StringPool } from "./string-pool.ts";
import { WireCursor } from "./wire-cursor.ts";

export type Label = readonly [name: string, value: string];

/** Labels of one metric as they are encoded. */
export interface EncodedLabels {
  /** Over the bytes that hold them. */
  readonly cursor: WireCursor;
  readonly start: number;
  readonly length: number;
}

/** The labels of a metric, which may stand anywhere among its fields, side by side. */
export function encodedLabels(cursor: WireCursor, start: number, end: number): EncodedLabels {
  const outer = cursor.end;
  const others: Buffer[] = [];
  let together = start;
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
    else others.push(cursor.bytes.subarray(at, cursor.pos));
  }
  cursor.end = outer;
  if (others.length === 0) return { cursor, start, length: together - start };
  const bytes = Buffer.concat([cursor.bytes.subarray(start, together), ...others]);
  const copy = new WireCursor(bytes);
  copy.subject = cursor.subject;
  return { cursor: copy, start: 0, length: bytes.length };
}

/**
 * The labels in encoded ones.
 * @param strings for names and values, which come again and again
 * @throws ExpositionError when they cannot be those of a series
 */
export function readLabels(
  { cursor, start, length }: EncodedLabels,
  strings = new StringPool(),
): readonly Label[] {
  const labels: Label[] = [];
  const outer = cursor.end;
  cursor.pos = start;
  cursor.end = start + length;
  while (cursor.pos < cursor.end) {
    cursor.tag();
    const at = cursor.pos;
    const label = readPair(cursor, strings);
    if (label[0] === "") cursor.fail("a label has no name", at);
    labels.push(label);
  }
  cursor.end = outer;
  const repeated = repeatedName(labels.map(([name]) => name));
  if (repeated !== undefined) cursor.fail(`label name ${JSON.stringify(repeated)} comes twice`, start);
  return labels;
}

/** The LabelPair at the cursor. */
function readPair(cursor: WireCursor, strings: StringPool): Label {
  const outer = cursor.end;
  let name = "";
  let value = "";
  cursor.end = cursor.delimited();
  while (cursor.pos < cursor.end) {
    const tag = cursor.tag();
    if (tag !== 0x0a && tag !== 0x12) {
      cursor.other(tag, 2);
      continue;
    }
    const { bytes, view } = cursor;
    const end = cursor.delimited();
    const text =
      strings.find(view, cursor.pos, end) ??
      strings.add(
        bytes,
        view,
        cursor.pos,
        end,
        cursor.textIn(cursor.pos, end, tag === 0x0a ? "a label name" : "a label value"),
      );
    cursor.pos = end;
    if (tag === 0x0a) name = text;
    else value = text;
  }
  cursor.end = outer;
  return [name, value];
}

/** Label sets by their encoded bytes, which stand in the store's slab once, in however many families they come. */
export class EncodedSets {
  readonly #store: SeriesStore;
  readonly #pool: BytePool;
  readonly #strings = new StringPool();
  /** By key: the set in the store, whether there is a NUL among the bytes. */
  #sets = new Int32Array(64);
  #nul = new Uint8Array(64);
  /** By key: the key that came on the next metric, -1 if unknown. */
  #next = new Int32Array(64);
  #last = -1;

  constructor(store: SeriesStore) {
    this.#store = store;
    this.#pool = new BytePool(store.slab);
  }

  /**
   * The key of labels, -1 if they are new. Families often list the same labels in the same order: those that followed the
   * last ones before are looked at first.
   */
  find({ cursor, start, length }: EncodedLabels): number {
    const last = this.#last;
    const expected = last < 0 ? -1 : this.#next[last]!;
    const { view } = cursor;
    if (
      expected >= 0 &&
      this.length(expected) === length &&
      equalBytes(view, start, this.#store.slab.view, this.offset(expected), length)
    ) {
      this.#last = expected;
      return expected;
    }
    const key = this.#pool.find(view, start, length);
    if (key >= 0) this.#follow(key);
    return key;
  }

  #follow(key: number): void {
    if (this.#last >= 0) this.#next[this.#last] = key;
    this.#last = key;
  }

  /**
   * Learns labels that {@link find} did not find.
   * @throws ExpositionError, ExpositionLimitError
   */
  add(encoded: EncodedLabels): number {
    const labels = readLabels(encoded, this.#strings);
    const set = this.#store.labelSets.internStrings(
      labels.map(([name]) => name),
      labels.map(([, value]) => value),
    );
    const { cursor, start, length } = encoded;
    const key = this.#pool.add(cursor.bytes, cursor.view, start, length);
    this.#sets = growInt32(this.#sets, key + 1);
    this.#next = growInt32(this.#next, key + 1);
    this.#next[key] = -1;
    this.#follow(key);
    if (key >= this.#nul.length) {
      const larger = new Uint8Array(this.#sets.length);
      larger.set(this.#nul);
      this.#nul = larger;
    }
    this.#sets[key] = set;
    this.#nul[key] = cursor.bytes.subarray(start, start + length).includes(0) ? 1 : 0;
    return key;
  }

  /** The set in the store. */
  set(key: number): number {
    return this.#sets[key]!;
  }

  offset(key: number): number {
    return this.#pool.offset(key);
  }

  length(key: number): number {
    return this.#pool.length(key);
  }

  hasNul(key: number): boolean {
    return this.#nul[key] === 1;
  }

  labels(key: number): readonly Label[] {
    const cursor = new WireCursor(this.#store.slab.buffer);
    return readLabels({ cursor, start: this.offset(key), length: this.length(key) }, this.#strings);
  }
}
