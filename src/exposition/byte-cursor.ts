import { isUtf8 } from "node:buffer";
import { viewOf } from "./byte-pool.ts";
import { ExpositionError } from "./exposition-error.ts";
import { locate } from "./locate.ts";

const NUL = 0;
const TAB = 9;
const NEWLINE = 10;
const SPACE = 32;
const QUOTE = 34;
const BACKSLASH = 92;

/** A position in a body, with the lexical steps that line and label grammar share. Blanks are spaces and tabs. */
export class ByteCursor {
  readonly bytes: Buffer;
  /** The same bytes, for loads of whole words. */
  readonly view: DataView;
  readonly end: number;
  /** Where reading goes on. */
  pos = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.end = bytes.length;
  }

  /** The byte at an offset; the end of the body reads as a newline. */
  at(offset: number): number {
    return offset < this.end ? this.bytes[offset]! : NEWLINE;
  }

  skipBlanks(): void {
    for (let c = this.at(this.pos); c === SPACE || c === TAB; c = this.at(this.pos)) this.pos++;
  }

  /** Steps over a string in quotes in which a backslash protects any byte but a newline. */
  skipQuoted(nulAllowed: boolean, newlineAllowed: boolean): void {
    const start = this.pos++;
    for (; ; this.pos++) {
      if (this.pos >= this.end) this.fail("the string in quotes does not end", start);
      let c = this.bytes[this.pos]!;
      if (c === QUOTE) break;
      if (c === BACKSLASH) {
        do c = this.at(++this.pos);
        while (c === NUL && nulAllowed && this.pos < this.end);
        if (c === NEWLINE) this.fail("a backslash in a string in quotes protects no newline");
      }
      if (c === NEWLINE && !newlineAllowed) this.fail("the string in quotes does not end", start);
      if (c === NUL && !nulAllowed) this.fail("a NUL byte is not allowed here");
    }
    this.pos++;
  }

  /** Throws if a range is not valid UTF-8. */
  checkUtf8(start: number, end: number, what: string): void {
    if (!isUtf8(this.bytes.subarray(start, end))) this.fail(`${what} is not valid UTF-8`, start);
  }

  fail(message: string, offset: number = this.pos): never {
    throw new ExpositionError(message, locate(this.bytes, this.end, offset));
  }
}
