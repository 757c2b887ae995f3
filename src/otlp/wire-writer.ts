const INITIAL_SIZE = 4096;
const TWO_32 = 4_294_967_296;
const MAX_UINT64 = 2n ** 64n - 1n;

/**
 * Writes protobuf backwards, last field first: when a message's tag and length are due its content is already there,
 * so that nested messages need neither a sizing pass nor a move of their bytes.
 *
 *     |  free  | request … resource … metric … point |
 *              ^ #position            capacity ^
 *
 * Places are told as distances from the end ({@link length} at the time), which stay right when the buffer grows.
 * All tags of OTLP metrics fit one byte.
 */
export class WireWriter {
  #bytes: Buffer;
  #view: DataView;
  #position: number;

  /** Writes into `bytes` for as long as they suffice. */
  constructor(bytes: Uint8Array = Buffer.allocUnsafeSlow(INITIAL_SIZE)) {
    this.#bytes = Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#position = bytes.length;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#bytes.length - this.#position;
  }

  /** Forgets what was written after `length` was the given one. */
  rewind(length: number): void {
    this.#position = this.#bytes.length - length;
  }

  /** The buffer that is written to: the given one or what it had to grow to. */
  get buffer(): Buffer {
    return this.#bytes;
  }

  /** What was written; a view of the buffer. */
  finish(): Buffer {
    return this.#bytes.subarray(this.#position);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[--this.#position] = value;
  }

  /** Makes a message or string of all that was written since the length was `mark`. */
  delimited(tag: number, mark: number): void {
    this.varint(this.length - mark);
    this.byte(tag);
  }

  /** A whole number from 0 to 2^53 - 1. */
  varint(value: number): void {
    this.#reserve(8);
    if (value < 0x80) {
      this.#bytes[--this.#position] = value;
      return;
    }
    let size = 2;
    for (let rest = Math.floor(value / 0x4000); rest > 0; rest = Math.floor(rest / 0x80)) size++;
    const start = this.#position - size;
    let rest = value;
    for (let i = start; i < start + size - 1; i++) {
      this.#bytes[i] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[start + size - 1] = rest;
    this.#position = start;
  }

  /** A 64-bit integer; negative ones take ten bytes, as protobuf has it. */
  bigVarint(value: bigint): void {
    const digits: number[] = [];
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      digits.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    digits.push(Number(rest));
    for (let i = digits.length - 1; i >= 0; i--) this.byte(digits[i] as number);
  }

  double(tag: number, value: number): void {
    this.#reserve(9);
    this.#view.setFloat64(this.#position - 8, value, true);
    this.#position -= 9;
    this.#bytes[this.#position] = tag;
  }

  fixed64(tag: number, low: number, high: number): void {
    this.#fixed64(low, high);
    this.byte(tag);
  }

  /** An integer of 64 bits, signed or not. */
  bigFixed64(tag: number, value: bigint): void {
    this.#reserve(9);
    this.#view.setBigUint64(this.#position - 8, BigInt.asUintN(64, value), true);
    this.#position -= 9;
    this.#bytes[this.#position] = tag;
  }

  /** A count: cut to a whole number from 0 to 2^64 - 1. */
  count(tag: number, value: number | bigint): void {
    this.#count(value);
    this.byte(tag);
  }

  /** A packed list of counts; none at all when it is empty. */
  packedCounts(tag: number, values: readonly (number | bigint)[]): void {
    if (values.length === 0) return;
    const mark = this.length;
    for (let i = values.length - 1; i >= 0; i--) this.#count(values[i] as number | bigint);
    this.delimited(tag, mark);
  }

  packedDoubles(tag: number, values: readonly number[]): void {
    if (values.length === 0) return;
    const size = values.length * 8;
    this.#reserve(size);
    this.#position -= size;
    for (let i = 0; i < values.length; i++) {
      this.#view.setFloat64(this.#position + i * 8, values[i] as number, true);
    }
    this.varint(size);
    this.byte(tag);
  }

  string(tag: number, value: string): void {
    const mark = this.length;
    this.#text(value);
    this.delimited(tag, mark);
  }

  /** A string field without presence: an empty one is not written. */
  optionalString(tag: number, value: string | undefined): void {
    if (value !== undefined && value !== "") this.string(tag, value);
  }

  bytes(tag: number, value: Uint8Array): void {
    const mark = this.length;
    this.raw(value);
    this.delimited(tag, mark);
  }

  /** Bytes that are already encoded. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#position -= value.length;
    this.#bytes.set(value, this.#position);
  }

  /** A part of another body. */
  copy(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    this.#position -= end - start;
    source.copy(this.#bytes, this.#position, start, end);
  }

  /** Room for a 64-bit field whose value is patched in later. */
  blank64(tag: number): void {
    this.blank(9);
    this.#bytes[this.#position] = tag;
  }

  /** Room for bytes that are patched in later. */
  blank(size: number): void {
    this.#reserve(size);
    this.#position -= size;
  }

  #text(value: string): void {
    const { length } = value;
    if (length <= 40) {
      // Short ASCII, as nearly all names and labels are, goes faster byte by byte than through a call into Node.
      this.#reserve(length);
      const bytes = this.#bytes;
      let position = this.#position;
      let i = length - 1;
      for (; i >= 0; i--) {
        const code = value.charCodeAt(i);
        if (code >= 0x80) break;
        bytes[--position] = code;
      }
      if (i < 0) {
        this.#position = position;
        return;
      }
    }
    const size = Buffer.byteLength(value);
    this.#reserve(size);
    this.#position -= size;
    this.#bytes.write(value, this.#position, size, "utf8");
  }

  #count(value: number | bigint): void {
    if (typeof value === "bigint") {
      this.#reserve(8);
      this.#position -= 8;
      this.#view.setBigUint64(this.#position, clampUint64(value), true);
    } else if (value >= 0 && value < Number.MAX_SAFE_INTEGER) {
      this.#fixed64(value >>> 0, Math.floor(value / TWO_32));
    } else {
      this.#count(value > 0 ? clampUint64(value === Infinity ? MAX_UINT64 : BigInt(Math.floor(value))) : 0n);
    }
  }

  #fixed64(low: number, high: number): void {
    this.#reserve(8);
    this.#position -= 8;
    this.#view.setUint32(this.#position, low, true);
    this.#view.setUint32(this.#position + 4, high, true);
  }

  #reserve(size: number): void {
    if (this.#position >= size) return;
    const used = this.length;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, used + size));
    this.#bytes.copy(grown, grown.length - used, this.#position);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer, grown.byteOffset, grown.length);
    this.#position = grown.length - used;
  }
}

function clampUint64(value: bigint): bigint {
  return value < 0n ? 0n : value > MAX_UINT64 ? MAX_UINT64 : value;
}
