import { OtlpDecodeError } from "./decode-error.ts";

/** Protobuf wire types (the lowest three bits of a tag). */
export const VARINT = 0;
export const FIXED64 = 1;
export const DELIMITED = 2;
const GROUP_START = 3;
const FIXED32 = 5;

/**
 * Reads protobuf messages from bytes that nobody vouches for. A nested message is read by narrowing {@link end} to its
 * length and putting it back afterwards, so no length can reach beyond the message that holds it.
 */
export class WireReader {
  readonly bytes: Buffer;
  readonly #view: DataView;
  #position = 0;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#end = bytes.length;
  }

  get position(): number {
    return this.#position;
  }

  /** End of the current message. */
  get end(): number {
    return this.#end;
  }

  get done(): boolean {
    return this.#position >= this.#end;
  }

  fail(what: string, offset = this.#position): never {
    throw new OtlpDecodeError(`invalid protobuf: ${what}`, offset);
  }

  /** Goes to a position of the current message, for reading again what was passed over. */
  seek(position: number): void {
    this.#position = position;
  }

  /** Passes over the next tag if it is this one of a single byte. */
  accept(tag: number): boolean {
    if (this.#position >= this.#end || this.bytes[this.#position] !== tag) return false;
    this.#position++;
    return true;
  }

  /** Field number and wire type in one number, as written. */
  tag(): number {
    const start = this.#position;
    const tag = this.varint();
    if (tag < 8 || tag > 0xffff_ffff) this.fail(`invalid field tag ${tag}`, start);
    return tag;
  }

  /** Enters the length-delimited field that follows and returns what {@link leave} needs. */
  enter(): number {
    const size = this.#size();
    const outer = this.#end;
    this.#end = this.#position + size;
    return outer;
  }

  /** Leaves for the enclosing message, whatever of the inner one was read. */
  leave(outer: number): void {
    this.#position = this.#end;
    this.#end = outer;
  }

  /** A varint of up to 64 bits; beyond 2^53 it is rounded (see {@link bigVarint}). */
  varint(): number {
    const first = this.bytes[this.#position] as number;
    if (this.#position < this.#end && first < 0x80) {
      this.#position++;
      return first;
    }
    let value = 0;
    let scale = 1;
    const start = this.#position;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    return this.fail("varint longer than 10 bytes", start);
  }

  /** An unsigned 64-bit varint, exact. */
  bigVarint(): bigint {
    const start = this.#position;
    const rounded = this.varint();
    if (rounded <= Number.MAX_SAFE_INTEGER) return BigInt(rounded);
    let value = 0n;
    for (let i = this.#position - 1; i >= start; i--) {
      value = (value << 7n) | BigInt((this.bytes[i] as number) & 0x7f);
    }
    return BigInt.asUintN(64, value);
  }

  /** An unsigned varint: a number where it is exact, else a bigint. */
  count(): number | bigint {
    const start = this.#position;
    const value = this.varint();
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    this.#position = start;
    return this.bigVarint();
  }

  /** A varint cut to its low 32 bits, as protobuf reads uint32. */
  uint32(): number {
    const start = this.#position;
    const value = this.varint();
    if (value <= 0xffff_ffff) return value;
    this.#position = start;
    return Number(BigInt.asUintN(32, this.bigVarint()));
  }

  /** A zigzag-coded 32-bit integer. */
  sint32(): number {
    const value = this.uint32();
    return (value >>> 1) ^ -(value & 1);
  }

  double(): number {
    return this.#view.getFloat64(this.#advance(8), true);
  }

  /** The unsigned 64 bits that follow, as their lower and upper half. */
  fixed64(): { readonly low: number; readonly high: number } {
    const at = this.#advance(8);
    return { low: this.#view.getUint32(at, true), high: this.#view.getUint32(at + 4, true) };
  }

  /** A fixed64: a number where it is exact, else a bigint. */
  fixedCount(): number | bigint {
    const at = this.#advance(8);
    const high = this.#view.getUint32(at + 4, true);
    if (high < 0x20_0000) return high * 4_294_967_296 + this.#view.getUint32(at, true);
    return this.#view.getBigUint64(at, true);
  }

  /** An sfixed64, exact. */
  signed64(): bigint {
    return this.#view.getBigInt64(this.#advance(8), true);
  }

  /** Passes over the length-delimited field that follows. */
  skipDelimited(): void {
    const size = this.#size();
    this.#position += size;
  }

  /** A list of packed 8-byte values: their number, checked. */
  packed64(): number {
    const left = this.#end - this.#position;
    if (left % 8 !== 0) this.fail(`packed 8-byte values take ${left} bytes`);
    return left / 8;
  }

  /** A string; bytes that are not UTF-8 become U+FFFD. */
  string(): string {
    const size = this.#size();
    const start = this.#advance(size);
    return this.bytes.toString("utf8", start, start + size);
  }

  /** Bytes of their own: the input may be reused. */
  ownBytes(): Uint8Array {
    const size = this.#size();
    const start = this.#advance(size);
    return new Uint8Array(this.bytes.subarray(start, start + size));
  }

  hex(): string {
    const size = this.#size();
    const start = this.#advance(size);
    return this.bytes.toString("hex", start, start + size);
  }

  /** Passes over a field that is not known. Groups, which OTLP never had, are refused. */
  skip(tag: number): void {
    switch (tag & 7) {
      case VARINT:
        this.varint();
        return;
      case FIXED64:
        this.#advance(8);
        return;
      case DELIMITED:
        this.skipDelimited();
        return;
      case FIXED32:
        this.#advance(4);
        return;
      default:
        this.fail(`unsupported wire type ${tag & 7}${(tag & 7) === GROUP_START ? " (group)" : ""}`);
    }
  }

  #byte(): number {
    return this.bytes[this.#advance(1)] as number;
  }

  #size(): number {
    const start = this.#position;
    const size = this.varint();
    if (size > this.#end - this.#position) {
      this.fail(`length ${size} exceeds the ${this.#end - this.#position} bytes left`, start);
    }
    return size;
  }

  #advance(size: number): number {
    const at = this.#position;
    if (size > this.#end - at) this.fail(`message ends within a field of ${size} bytes`);
    this.#position = at + size;
    return at;
  }
}
