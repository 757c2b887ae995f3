const MAX_SPARE = 8;
const MAX_SPARE_BYTES = 64 * 1024 * 1024;
/** A buffer that is this many times too large is left for a body that needs it. */
const MAX_EXCESS = 8;

/** Buffers to be used again: touching fresh memory costs far more than the work that is done in it. */
export class BufferPool {
  #spare: Buffer[] = [];

  /** A buffer of at least `size` bytes, its content arbitrary. */
  take(size: number): Buffer {
    let best = -1;
    for (let i = 0; i < this.#spare.length; i++) {
      const { length } = this.#spare[i] as Buffer;
      if (length < size || length > size * MAX_EXCESS) continue;
      if (best < 0 || length < (this.#spare[best] as Buffer).length) best = i;
    }
    if (best < 0) return Buffer.allocUnsafeSlow(size);
    return this.#spare.splice(best, 1)[0] as Buffer;
  }

  /** Keeps a buffer for later; the oldest go when there are too many. The newest always stays. */
  give(buffer: Buffer): void {
    this.#spare.push(buffer);
    let bytes = this.#spare.reduce((sum, { length }) => sum + length, 0);
    while (this.#spare.length > 1 && (this.#spare.length > MAX_SPARE || bytes > MAX_SPARE_BYTES)) {
      bytes -= (this.#spare.shift() as Buffer).length;
    }
  }
}
