import { equalBytes, hashBytes, mixHash } from "./byte-match.ts";

/** Bytes appended one after the other, for keys that are compared in place. */
export class ByteSlab {
  buffer: Buffer = Buffer.allocUnsafeSlow(1 << 16);
  view: DataView = viewOf(this.buffer);
  #length = 0;

  /** Copies a range to the end and returns where it starts. `buffer` and `view` may be replaced. */
  append(bytes: Uint8Array, start: number, length: number): number {
    const offset = this.#length;
    if (offset + length > this.buffer.length) {
      const larger = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(offset + length + 1)));
      this.buffer.copy(larger, 0, 0, offset);
      this.buffer = larger;
      this.view = viewOf(larger);
    }
    this.buffer.set(bytes.subarray(start, start + length), offset);
    this.#length = offset + length;
    return offset;
  }
}

/** A DataView over exactly the bytes of an array. */
export function viewOf(bytes: Uint8Array): DataView<ArrayBufferLike> {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** `array` itself if it has room for `needed` items, else a copy of at least twice the size. */
export function growInt32(array: Int32Array, needed: number): Int32Array<ArrayBuffer> {
  if (needed <= array.length) return array as Int32Array<ArrayBuffer>;
  const larger = new Int32Array(Math.max(needed, array.length * 2));
  larger.set(array);
  return larger;
}

/**
 * Byte strings with small dense ids (open addressing over a slab). A string may be there once per `tag`: a search
 * finds strings of tag 0, which hold in every context, and of the tag it asks for.
 */
export class BytePool {
  readonly #slab: ByteSlab;
  #size = 0;
  #buckets = new Int32Array(64);
  /** Per id: offset, length, hash, tag. */
  #items = new Int32Array(64 * 4);

  constructor(slab: ByteSlab) {
    this.#slab = slab;
  }

  get size(): number {
    return this.#size;
  }

  offset(id: number): number {
    return this.#items[id * 4]!;
  }

  length(id: number): number {
    return this.#items[id * 4 + 1]!;
  }

  tag(id: number): number {
    return this.#items[id * 4 + 3]!;
  }

  /** The id of a string, -1 if it is not there under tag 0 or `tag`. */
  find(view: DataView, start: number, length: number, tag = 0): number {
    const hash = hashBytes(view, start, length);
    const buckets = this.#buckets;
    const items = this.#items;
    const mask = buckets.length - 1;
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const id = buckets[i]! - 1;
      if (id < 0) return -1;
      const item = id * 4;
      if (items[item + 2] !== hash || items[item + 1] !== length) continue;
      const itemTag = items[item + 3]!;
      if (itemTag !== 0 && itemTag !== tag) continue;
      if (equalBytes(view, start, this.#slab.view, items[item]!, length)) return id;
    }
  }

  /** Adds a string that `find` did not find and returns its id. */
  add(bytes: Uint8Array, view: DataView, start: number, length: number, tag = 0): number {
    const id = this.#size++;
    if (this.#size * 2 > this.#buckets.length) this.#rehash();
    this.#items = growInt32(this.#items, this.#size * 4);
    const hash = hashBytes(view, start, length);
    this.#items[id * 4] = this.#slab.append(bytes, start, length);
    this.#items[id * 4 + 1] = length;
    this.#items[id * 4 + 2] = hash;
    this.#items[id * 4 + 3] = tag;
    this.#place(id, hash);
    return id;
  }

  #place(id: number, hash: number): void {
    const mask = this.#buckets.length - 1;
    let i = hash & mask;
    while (this.#buckets[i] !== 0) i = (i + 1) & mask;
    this.#buckets[i] = id + 1;
  }

  #rehash(): void {
    this.#buckets = new Int32Array(this.#buckets.length * 4);
    for (let id = 0; id < this.#size - 1; id++) this.#place(id, this.#items[id * 4 + 2]!);
  }
}

/** Ids by pairs of ids. */
export class PairIndex {
  #size = 0;
  /** Per bucket: first, second, id + 1 (0 = free). */
  #buckets = new Int32Array(64 * 3);

  /** The id of a pair, -1 if it is not there. */
  find(first: number, second: number): number {
    const buckets = this.#buckets;
    const mask = buckets.length / 3 - 1;
    for (let i = hashPair(first, second) & mask; ; i = (i + 1) & mask) {
      const id = buckets[i * 3 + 2]! - 1;
      if (id < 0) return -1;
      if (buckets[i * 3] === first && buckets[i * 3 + 1] === second) return id;
    }
  }

  /** Adds a pair that `find` did not find. */
  add(first: number, second: number, id: number): void {
    this.#size++;
    if (this.#size * 6 > this.#buckets.length) this.#rehash();
    this.#place(first, second, id);
  }

  #place(first: number, second: number, id: number): void {
    const mask = this.#buckets.length / 3 - 1;
    let i = hashPair(first, second) & mask;
    while (this.#buckets[i * 3 + 2] !== 0) i = (i + 1) & mask;
    this.#buckets[i * 3] = first;
    this.#buckets[i * 3 + 1] = second;
    this.#buckets[i * 3 + 2] = id + 1;
  }

  #rehash(): void {
    const old = this.#buckets;
    this.#buckets = new Int32Array(old.length * 4);
    for (let i = 0; i < old.length; i += 3) {
      if (old[i + 2] !== 0) this.#place(old[i]!, old[i + 1]!, old[i + 2]! - 1);
    }
  }
}

function hashPair(first: number, second: number): number {
  return mixHash(Math.imul(first + 1, 0x9e3779b1) ^ Math.imul(second + 2, 0x85ebca77));
}
