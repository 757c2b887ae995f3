const FLUSH_AT = 1 << 16;

/** Collects text as UTF-8 bytes. */
export class TextSink {
  #bytes = Buffer.allocUnsafeSlow(4 * FLUSH_AT);
  #length = 0;
  #pending = "";

  write(text: string): void {
    this.#pending += text;
    if (this.#pending.length >= FLUSH_AT) this.#flush();
  }

  /** The bytes; the sink is then spent. */
  finish(): Uint8Array {
    this.#flush();
    return this.#bytes.subarray(0, this.#length);
  }

  #flush(): void {
    // Three bytes is the most a UTF-16 unit takes.
    const needed = this.#length + this.#pending.length * 3;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, needed));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    this.#length += this.#bytes.write(this.#pending, this.#length, "utf8");
    this.#pending = "";
  }
}
