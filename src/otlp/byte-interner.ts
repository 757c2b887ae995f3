interface Entry<T> {
  readonly start: number;
  readonly end: number;
  readonly value: T;
  readonly next: Entry<T> | undefined;
}

/** So many byte ranges of one hash are kept: input made to collide then costs no more than no interning would. */
const MAX_CHAIN = 8;

/** Values made from ranges of one buffer: equal bytes give the same value. */
export class ByteInterner<T> {
  readonly #bytes: Buffer;
  readonly #entries = new Map<number, Entry<T>>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get(start: number, end: number, make: () => T): T {
    const hash = this.#hash(start, end);
    const first = this.#entries.get(hash);
    let chain = 0;
    for (let entry = first; entry !== undefined; entry = entry.next) {
      if (this.#same(entry, start, end)) return entry.value;
      chain++;
    }
    const value = make();
    if (chain < MAX_CHAIN) this.#entries.set(hash, { start, end, value, next: first });
    return value;
  }

  #hash(start: number, end: number): number {
    const bytes = this.#bytes;
    let hash = end - start;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x0100_0193);
    return hash;
  }

  #same(entry: Entry<T>, start: number, end: number): boolean {
    const size = end - start;
    if (entry.end - entry.start !== size) return false;
    const bytes = this.#bytes;
    for (let i = 0; i < size; i++) if (bytes[entry.start + i] !== bytes[start + i]) return false;
    return true;
  }
}
