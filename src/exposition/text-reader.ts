import { characterClass } from "./character-class.ts";
import { LabelGrammar } from "./label-ranges.ts";
import { LineKind, LineReader, shorten } from "./line-reader.ts";
import type { FamilyType } from "./types.ts";

const NUL = 0;
const TAB = 9;
const NEWLINE = 10;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const BRACE_OPEN = 123;

const types: ReadonlyMap<string, FamilyType> = new Map([
  ["counter", "counter"],
  ["gauge", "gauge"],
  ["histogram", "histogram"],
  ["summary", "summary"],
  ["untyped", "unknown"],
]);

const metricNameStart = characterClass(/[a-zA-Z_:]/);
const metricNamePart = characterClass(/[a-zA-Z0-9_:]/);

/**
 * The grammar of text 0.0.4 and 1.0.0 (UTF-8 names in quotes) as a Prometheus 3 scrape reads it. The end of the body
 * counts as the end of a line. Blanks are spaces and tabs; a carriage return is not one.
 */
export class TextReader extends LineReader {
  readonly helpEscapesQuotes = false;

  constructor(bytes: Buffer) {
    super(bytes, LabelGrammar.TEXT);
  }

  /** Reads a comment or metadata line whole, a sample line up to and including blanks after its bare name. */
  startLine(): LineKind {
    this.skipBlanks();
    this.lineStart = this.pos;
    if (this.pos >= this.end) return LineKind.END;
    const c = this.bytes[this.pos]!;
    if (c === NEWLINE) {
      this.pos++;
      return LineKind.BLANK;
    }
    // Prometheus' lexer takes a NUL between lines for the end of its input, without an error.
    if (c === NUL) return LineKind.END;
    if (c === HASH) return this.#comment();
    this.nameStart = this.pos;
    if (metricNameStart[c] === 1) {
      do this.pos++;
      while (metricNamePart[this.at(this.pos)] === 1);
    } else if (c !== BRACE_OPEN) {
      this.fail("expected a metric name, a comment or a blank line");
    }
    this.nameEnd = this.pos;
    this.skipBlanks();
    return LineKind.SAMPLE;
  }

  checkEnd(): void {}

  /** Reads value, timestamp and the end of the line. */
  readSuffix(): void {
    this.skipBlanks();
    if (endsValue(this.at(this.pos))) this.fail("expected a value after the series");
    this.value = this.readNumber("value", endsValue);
    this.timestamp = Number.NaN;
    this.skipBlanks();
    const digits = this.pos;
    while (isDigit(this.at(this.pos))) this.pos++;
    if (this.pos > digits) {
      const stamp = this.bytes.toString("latin1", digits, this.pos);
      if (!fitsInt64(stamp)) this.fail(`timestamp ${shorten(stamp)} does not fit 64 bits`, digits);
      this.timestamp = Number(stamp);
      this.skipBlanks();
    }
    this.#endLine(
      this.pos > digits
        ? "expected the end of the line"
        : "expected a timestamp in milliseconds or the end of the line",
    );
  }

  /** Only "# HELP " and "# TYPE " are more than a comment; both are errors if no name follows. */
  #comment(): LineKind {
    const afterHash = this.pos + 1;
    this.pos = afterHash;
    this.skipBlanks();
    if (this.pos === afterHash) return this.#skipComment(false);
    const keyword = this.pos + 4 < this.end && isBlank(this.bytes[this.pos + 4]!) ? this.#word(4) : "";
    if (keyword !== "HELP" && keyword !== "TYPE") return this.#skipComment(true);
    this.pos += 4;
    this.skipBlanks();
    this.#metadataName(keyword);
    this.#metadataText();
    if (keyword === "HELP") {
      this.checkUtf8(this.textStart, this.textEnd, "the help text");
      return LineKind.HELP;
    }
    const text = this.bytes.toString("utf8", this.textStart, this.textEnd);
    const type = types.get(text);
    if (type === undefined) {
      const allowed = Array.from(types.keys()).join(", ");
      this.fail(`metric type ${JSON.stringify(shorten(text))} is none of ${allowed}`, this.textStart);
    }
    this.type = type;
    return LineKind.TYPE;
  }

  #word(length: number): string {
    return this.bytes.toString("latin1", this.pos, this.pos + length);
  }

  /** A NUL ends the input unless a blank follows the hash and something else the blank (a quirk of the lexer). */
  #skipComment(nulAllowed: boolean): LineKind {
    const newline = this.bytes.indexOf(NEWLINE, this.pos);
    const end = newline < 0 ? this.end : newline;
    if (nulAllowed ? this.at(this.pos) === NUL : this.bytes.subarray(this.pos, end).includes(NUL)) {
      return LineKind.END;
    }
    this.pos = Math.min(end + 1, this.end);
    return LineKind.BLANK;
  }

  #metadataName(keyword: string): void {
    this.nameStart = this.pos;
    const c = this.at(this.pos);
    if (c === QUOTE) {
      this.skipQuoted(false, true);
      this.nameStart++;
      this.nameEnd = this.pos - 1;
      return;
    }
    if (metricNameStart[c] !== 1) this.fail(`expected a metric name after ${keyword}`);
    while (metricNamePart[this.at(this.pos)] === 1) this.pos++;
    this.nameEnd = this.pos;
  }

  /** The text is what follows one separator byte, whichever that is; one of blanks (and NULs) only is empty. */
  #metadataText(): void {
    if (this.at(this.pos) === NUL) this.fail("a NUL byte is not allowed here");
    const newline = this.bytes.indexOf(NEWLINE, this.pos);
    this.textEnd = newline < 0 ? this.end : newline;
    this.textStart = Math.min(this.pos + 1, this.textEnd);
    while (this.pos < this.textEnd && (isBlank(this.at(this.pos)) || this.at(this.pos) === NUL)) this.pos++;
    if (this.pos === this.textEnd) this.textStart = this.textEnd;
    this.pos = Math.min(this.textEnd + 1, this.end);
  }

  #endLine(expected: string): void {
    if (this.at(this.pos) !== NEWLINE) this.fail(expected);
    this.pos = Math.min(this.pos + 1, this.end);
  }
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

function isBlank(c: number): boolean {
  return c === SPACE || c === TAB;
}

function endsValue(c: number): boolean {
  return c === NEWLINE || c === SPACE || c === TAB || c === BRACE_OPEN || c === NUL;
}

function fitsInt64(digits: string): boolean {
  return digits.length < 19 || BigInt(digits) <= 0x7fff_ffff_ffff_ffffn;
}
