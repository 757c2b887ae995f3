import { equalBytes } from "./byte-match.ts";
import { BytePool, ByteSlab, growInt32, PairIndex, viewOf } from "./byte-pool.ts";
import { checkMetricName } from "./label-limits.ts";
import { LabelSets } from "./label-sets.ts";
import type { Admission, ExpositionLimits, SeriesEntry } from "./types.ts";

export interface MutableEntry extends SeriesEntry {
  slot: number;
  family: string;
}

/**
 * The series learnt from the bodies of one target, in whatever format they came, by slot. Names, label blocks and the
 * keys that formats keep of them are bytes in one slab.
 */
export class SeriesStore {
  readonly slab = new ByteSlab();
  readonly labelSets: LabelSets;
  readonly #limits: ExpositionLimits;
  readonly #admit: Admission | undefined;
  readonly entries: MutableEntry[] = [];

  readonly #names = new BytePool(this.slab);
  readonly #nameTexts: string[] = [];
  #lastName = -1;
  /** Entries of occurrence 0 by name (and kind of value) and label set, and the next occurrence of those that repeat. */
  readonly #entryIndex = new PairIndex();
  readonly #repeats = new Map<number, number>();
  /** Per slot: name, label set. */
  #slots: Int32Array = new Int32Array(64 * 2);

  constructor(limits: ExpositionLimits, admit: Admission | undefined) {
    this.#limits = limits;
    this.#admit = admit;
    this.labelSets = new LabelSets(this.slab, limits);
  }

  /** Where the bytes of a name are in the slab. */
  nameOffset(name: number): number {
    return this.#names.offset(name);
  }

  nameLength(name: number): number {
    return this.#names.length(name);
  }

  /** The id of the metric name in a range of bytes, learnt if it is new. */
  internName(bytes: Buffer, view: DataView, start: number, length: number): number {
    const last = this.#lastName;
    const names = this.#names;
    if (
      last >= 0 &&
      names.length(last) === length &&
      equalBytes(view, start, this.slab.view, names.offset(last), length)
    ) {
      return last;
    }
    let name = names.find(view, start, length);
    if (name < 0) {
      const text = bytes.toString("utf8", start, start + length);
      checkMetricName(this.#limits, text);
      this.#nameTexts.push(text);
      name = names.add(bytes, view, start, length);
    }
    this.#lastName = name;
    return name;
  }

  internNameText(text: string): number {
    const bytes = Buffer.from(text);
    return this.internName(bytes, viewOf(bytes), 0, bytes.length);
  }

  /**
   * The slot of a series, learnt if it is new.
   * @param native whether its value is a native histogram, which is another series than a number of that name
   */
  slot(name: number, set: number, native = false): number {
    const key = name * 2 + (native ? 1 : 0);
    let slot = this.#entryIndex.find(key, set);
    if (slot >= 0) return slot;
    const text = this.#nameTexts[name]!;
    const labels = this.labelSets.labels(set);
    this.#admit?.(text, labels);
    const entry = { slot: 0, name: text, labels, occurrence: 0, family: text, ...(native && { native }) };
    slot = this.#add(name, set, entry);
    this.#entryIndex.add(key, set, slot);
    return slot;
  }

  /** The slot of the occurrence after the given one, made if it is new. */
  repeat(slot: number): number {
    const known = this.#repeats.get(slot);
    if (known !== undefined) return known;
    const [name, set] = [this.#slots[slot * 2]!, this.#slots[slot * 2 + 1]!];
    const entry = this.entries[slot]!;
    const next = this.#add(name, set, { ...entry, occurrence: entry.occurrence + 1, family: entry.name });
    this.#repeats.set(slot, next);
    return next;
  }

  /** Takes over the series of another store that are to stay, in their order, with their entry and label objects. */
  adopt(from: SeriesStore, newSlots: Int32Array): void {
    for (let old = 0; old < from.entries.length; old++) {
      if (newSlots[old]! < 0) continue;
      const entry = from.entries[old]!;
      const name = this.adoptName(from, from.#slots[old * 2]!);
      const set = this.labelSets.adopt(from.labelSets, from.#slots[old * 2 + 1]!);
      const slot = this.#add(name, set, entry);
      if (entry.occurrence > 0) continue;
      this.#entryIndex.add(name * 2 + (entry.native === true ? 1 : 0), set, slot);
      for (
        let k = old, next = from.#repeats.get(k);
        next !== undefined;
        k = next, next = from.#repeats.get(k)
      ) {
        if (newSlots[next]! >= 0) this.#repeats.set(newSlots[k]!, newSlots[next]!);
      }
    }
  }

  /** The id here of a name of another store. */
  adoptName(from: SeriesStore, name: number): number {
    const { buffer, view } = from.slab;
    return this.internName(buffer, view, from.#names.offset(name), from.#names.length(name));
  }

  #add(name: number, set: number, entry: MutableEntry): number {
    const slot = this.entries.length;
    this.#slots = growInt32(this.#slots, (slot + 1) * 2);
    this.#slots[slot * 2] = name;
    this.#slots[slot * 2 + 1] = set;
    entry.slot = slot;
    this.entries.push(entry);
    return slot;
  }
}
