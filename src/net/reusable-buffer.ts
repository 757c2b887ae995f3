/** How many uses in a row must stay small before the memory of a large body is given back. */
const SHRINK_AFTER = 16;
const MIN_CAPACITY = 16 * 1024;

/**
 * A growing byte buffer that is filled, read and filled again. One owner fills it at a time; what `view()` gave is
 * overwritten by the next use. Memory that was touched before is many times cheaper than fresh memory, so it is
 * kept, unless bodies stay below a quarter of it for a while.
 */
export class ReusableBuffer {
  #bytes: Buffer;
  #length = 0;
  #peak = 0;
  #uses = 0;

  /** @param capacity bytes to start with */
  constructor(capacity = MIN_CAPACITY) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(capacity, MIN_CAPACITY));
  }

  /** Bytes filled since the last reset. */
  get length(): number {
    return this.#length;
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  /** The whole memory; only the first `length` bytes mean something. Another object after the buffer grew. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** The filled part, without a copy. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Empties the buffer for the next body. */
  reset(): void {
    this.#peak = Math.max(this.#peak, this.#length);
    this.#length = 0;
    this.#uses += 1;
    if (this.#uses < SHRINK_AFTER) return;
    const wanted = Math.max(this.#peak * 2, MIN_CAPACITY);
    if (wanted * 2 <= this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(wanted);
    this.#peak = 0;
    this.#uses = 0;
  }

  /** Makes room for `capacity` bytes in all, keeping what is filled. */
  reserve(capacity: number): void {
    if (capacity <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(capacity, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }

  append(chunk: Uint8Array): void {
    const end = this.#length + chunk.length;
    this.reserve(end);
    this.#bytes.set(chunk, this.#length);
    this.#length = end;
  }
}
