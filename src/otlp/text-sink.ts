const INITIAL_SIZE = 1 << 16;

/** Collects text as UTF-8 bytes: a large document is never one string, whose length is limited. */
export class TextSink {
  #bytes: Buffer;
  #length = 0;

  /** Writes into `bytes` for as long as they suffice. */
  constructor(bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_SIZE)) {
    this.#bytes = bytes;
  }

  /** The buffer that is written to: the given one or what it had to grow to. */
  get buffer(): Buffer {
    return this.#bytes;
  }

  get length(): number {
    return this.#length;
  }

  write(text: string): void {
    const { length } = text;
    // Three bytes is the most a UTF-16 unit takes.
    this.#reserve(length * 3);
    if (length <= 40) {
      // Short ASCII goes faster byte by byte than through a call into Node.
      const bytes = this.#bytes;
      const start = this.#length;
      let i = 0;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code >= 0x80) break;
        bytes[start + i] = code;
      }
      if (i === length) {
        this.#length += length;
        return;
      }
    }
    this.#length += this.#bytes.write(text, this.#length, "utf8");
  }

  /** Text that is already encoded. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Forgets what was written after `length` was the given one. */
  rewind(length: number): void {
    this.#length = length;
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, needed));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
