import { isUtf8 } from "node:buffer";
import { viewOf } from "./byte-pool.ts";
import { ExpositionError } from "./exposition-error.ts";

/** Protobuf wire types (the lowest three bits of a tag). */
const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const GROUP_START = 3;
const GROUP_END = 4;
const FIXED32 = 5;

/** Longest varint of 64 bits. */
const MAX_VARINT = 10;

/**
 * A position in protobuf bytes that nobody vouches for. A nested message is read by setting {@link end} to its end and
 * putting it back afterwards, so no length reaches beyond the message that holds it.
 */
export class WireCursor {
  readonly bytes: Buffer;
  readonly view: DataView;
  pos = 0;
  /** Of the current message. */
  end: number;
  /** The halves of the last varint, as unsigned 32-bit numbers. */
  low = 0;
  high = 0;
  /** What is being read, for errors. */
  subject = "";

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.end = bytes.length;
  }

  /** The next tag of the message: field number and wire type in one number. */
  tag(): number {
    const start = this.pos;
    const first = start < this.end ? this.bytes[start]! : 0x80;
    if (first >= 8 && first < 0x80) {
      this.pos++;
      return first;
    }
    const tag = this.varint();
    const field = (this.low >>> 3) | (this.high << 29);
    if (field <= 0) this.fail(`field number ${field} is not valid`, start);
    return tag;
  }

  /** A varint; beyond 2^53 it is rounded, {@link bigVarint} is exact. */
  varint(): number {
    const start = this.pos;
    const end = Math.min(this.end, start + MAX_VARINT);
    let low = 0;
    let high = 0;
    for (let shift = 0; this.pos < end; shift += 7) {
      const byte = this.bytes[this.pos++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte >= 0x80) continue;
      this.low = low >>> 0;
      this.high = high >>> 0;
      return this.high * 2 ** 32 + this.low;
    }
    this.fail(end === this.end ? "a number is cut off" : "a number has more than 64 bits", start);
  }

  /** The last varint, exactly. */
  bigVarint(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low);
  }

  /** The length that starts a delimited field. @returns where the field ends */
  delimited(): number {
    const start = this.pos;
    const length = this.varint();
    if (length > this.end - this.pos) {
      this.fail(
        `a field of ${length} bytes does not fit into the ${this.end - this.pos} that are left`,
        start,
      );
    }
    return this.pos + length;
  }

  double(): number {
    if (this.end - this.pos < 8) this.fail("a number is cut off");
    const value = this.view.getFloat64(this.pos, true);
    this.pos += 8;
    return value;
  }

  /** The string in a range. @throws ExpositionError when it is not valid UTF-8 */
  textIn(start: number, end: number, what: string): string {
    if (!isUtf8(this.bytes.subarray(start, end))) this.fail(`${what} is not valid UTF-8`, start);
    return this.bytes.toString("utf8", start, end);
  }

  /** Passes over the field of a tag that is not known. */
  skip(tag: number): void {
    let depth = 0;
    for (let wireType = tag & 7; ; wireType = this.tag() & 7) {
      if (wireType === VARINT) this.varint();
      else if (wireType === DELIMITED) this.pos = this.delimited();
      else if (wireType === FIXED64 || wireType === FIXED32) {
        this.pos += wireType === FIXED64 ? 8 : 4;
        if (this.pos > this.end) this.fail("a field is cut off", this.end);
      } else if (wireType === GROUP_START) depth++;
      else if (wireType === GROUP_END && depth > 0) depth--;
      else this.fail(`wire type ${wireType} is not valid here`);
      if (depth === 0) return;
    }
  }

  /**
   * Passes over a field that the reader of a message has no use for.
   * @param last the highest field number of the message: a known field with another wire type is an error
   */
  other(tag: number, last: number): void {
    if (tag >>> 3 <= last) this.fail(`field ${tag >>> 3} has wire type ${tag & 7}`);
    this.skip(tag);
  }

  fail(problem: string, offset: number = this.pos): never {
    throw new ExpositionError(problem, { offset, text: this.subject });
  }
}
