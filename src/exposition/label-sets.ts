import { BytePool, type ByteSlab, growInt32, viewOf } from "./byte-pool.ts";
import { checkLabelLimits } from "./label-limits.ts";
import { canonicalBlock, decodeEscaped, LabelStrings, repeatedName, setLabel } from "./label-values.ts";
import type { LineReader } from "./line-reader.ts";
import { StringPool } from "./string-pool.ts";
import { dependsOnContext, labelValueIn, type TypeContext } from "./type-context.ts";
import type { ExpositionLimits, Labels } from "./types.ts";

/** Tag of blocks that stand for a label set and are never met in a body under any context. */
const canonicalOnly = -1;

/**
 * Label blocks as they are spelt, and the label sets they mean. Many spellings may mean one set (other order, blanks,
 * `le="1"` under a histogram); the block in canonical spelling represents it and owns the one labels object.
 *
 *     {b="2", a="1"} ─┐
 *     {a="1",b="2",} ─┴▶ {a="1",b="2"} ──▶ Object.freeze({ a: "1", b: "2" })
 */
export class LabelSets {
  readonly pool: BytePool;
  readonly #slab: ByteSlab;
  readonly #limits: ExpositionLimits;
  readonly #labels: (Labels | undefined)[] = [];
  readonly #strings = new StringPool();
  readonly #scratch = new LabelStrings();
  /** Per block: the block that represents its set, the block expected on the next line, whether it holds a NUL. */
  #sets = new Int32Array(64);
  #next = new Int32Array(64);
  #nul = new Uint8Array(64);
  /** Metric names given inside a block, by block. */
  readonly #metricNames = new Map<number, string>();
  /** The block that represents the empty set. */
  readonly empty: number;

  constructor(slab: ByteSlab, limits: ExpositionLimits) {
    this.#slab = slab;
    this.#limits = limits;
    this.pool = new BytePool(slab);
    this.empty = this.#represent();
  }

  /** The representative of a block's label set: equal for equal sets. */
  set(block: number): number {
    return this.#sets[block]!;
  }

  labels(block: number): Labels {
    return this.#labels[this.#sets[block]!]!;
  }

  /** The metric name that stands inside the block, if one does. */
  metricName(block: number): string | undefined {
    return this.#metricNames.get(block);
  }

  hasNul(block: number): boolean {
    return this.#nul[block] === 1;
  }

  /** The block that came on the line after this one's when they were last seen, -1 if unknown. */
  successor(block: number): number {
    return this.#next[block]!;
  }

  setSuccessor(block: number, next: number): void {
    this.#next[block] = next;
  }

  /** The id of the block the reader has just read, learnt if it is new. */
  intern(reader: LineReader, context: TypeContext): number {
    const { start, end } = reader.labels;
    const found = this.pool.find(reader.view, start, end - start, context);
    return found >= 0 ? found : this.#learn(reader, context);
  }

  /**
   * The set of the labels given, learnt if it is new.
   * @throws ExpositionLimitError
   */
  internStrings(names: readonly string[], values: readonly string[]): number {
    checkLabelLimits(this.#limits, names, values);
    this.#scratch.set(names, values);
    return this.#represent();
  }

  /** Takes over a block of another table with the labels object of its set. */
  adopt(from: LabelSets, block: number): number {
    const offset = from.pool.offset(block);
    const length = from.pool.length(block);
    const tag = from.pool.tag(block);
    const found = this.pool.find(from.#slab.view, offset, length, tag);
    if (found >= 0) return found;
    const representative = from.set(block);
    const set = representative === block ? -1 : this.adopt(from, representative);
    const id = this.#add(from.#slab.buffer, from.#slab.view, offset, length, tag);
    this.#nul[id] = from.#nul[block]!;
    if (set < 0) this.#labels[id] = from.#labels[block];
    else this.#sets[id] = set;
    const metricName = from.#metricNames.get(block);
    if (metricName !== undefined) this.#metricNames.set(id, metricName);
    return id;
  }

  #learn(reader: LineReader, context: TypeContext): number {
    const ranges = reader.labels;
    const { names, values } = this.#scratch;
    this.#scratch.read(reader, ranges, this.#strings.decode);
    const repeated = repeatedName(names);
    if (repeated !== undefined)
      reader.fail(`label name ${JSON.stringify(repeated)} comes twice`, ranges.start);
    let free = true;
    let sorted = true;
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      const value = values[i]!;
      if (i > 0 && names[i - 1]! > name) sorted = false;
      if (dependsOnContext(name, value)) {
        free = false;
        values[i] = labelValueIn(context, name, value);
      }
    }
    checkLabelLimits(this.#limits, names, values);

    const { start, end } = ranges;
    const representsItself = ranges.plain && sorted && free;
    const set = representsItself ? -1 : this.#represent();
    // The representative, learnt just now, may have the very spelling that was read.
    const known = representsItself ? -1 : this.pool.find(reader.view, start, end - start, context);
    if (known >= 0) return known;
    const id = this.#add(reader.bytes, reader.view, start, end - start, free ? 0 : context);
    this.#nul[id] = ranges.hasNul ? 1 : 0;
    if (representsItself) this.#labels[id] = this.#object();
    else this.#sets[id] = set;
    if (ranges.hasMetricName) {
      this.#metricNames.set(id, decodeEscaped(reader, ranges.metricNameStart, ranges.metricNameEnd));
    }
    return id;
  }

  /** The block in canonical spelling for the labels in the scratch arrays. */
  #represent(): number {
    const { names, values } = this.#scratch;
    const bytes = Buffer.from(canonicalBlock(names, values));
    const view = viewOf(bytes);
    const found = this.pool.find(view, 0, bytes.length, canonicalOnly);
    if (found >= 0) return this.#sets[found]!;
    const free = !names.some((name, i) => dependsOnContext(name, values[i]!));
    const id = this.#add(bytes, view, 0, bytes.length, free ? 0 : canonicalOnly);
    this.#nul[id] = bytes.includes(0) ? 1 : 0;
    this.#labels[id] = this.#object();
    return id;
  }

  /** The labels in the scratch arrays as an object, empty ones left out. */
  #object(): Labels {
    const labels: Record<string, string> = {};
    const { names, values } = this.#scratch;
    for (let i = 0; i < names.length; i++) {
      if (values[i] !== "") setLabel(labels, names[i]!, values[i]!);
    }
    return Object.freeze(labels);
  }

  #add(bytes: Uint8Array, view: DataView, start: number, length: number, tag: number): number {
    const id = this.pool.add(bytes, view, start, length, tag);
    if (id >= this.#nul.length) {
      this.#sets = growInt32(this.#sets, id + 1);
      this.#next = growInt32(this.#next, id + 1);
      const larger = new Uint8Array(this.#sets.length);
      larger.set(this.#nul);
      this.#nul = larger;
    }
    this.#sets[id] = id;
    this.#next[id] = -1;
    return id;
  }
}
