import { ByteCursor } from "./byte-cursor.ts";
import { DecimalReader } from "./decimal-reader.ts";
import { parseGoFloat } from "./go-number.ts";
import { type LabelGrammar, LabelRanges } from "./label-ranges.ts";
import type { FamilyType } from "./types.ts";

const NEWLINE = 10;
const BRACE_OPEN = 123;

/** What a line turned out to be. BLANK: nothing to report (blank line, comment); END: the input ends here. */
export const LineKind = { END: 0, BLANK: 1, SAMPLE: 2, HELP: 3, TYPE: 4, UNIT: 5 } as const;
export type LineKind = (typeof LineKind)[keyof typeof LineKind];

/** Labels and value of an exemplar, as ranges and numbers. */
export interface ExemplarRanges {
  readonly labels: LabelRanges;
  readonly value: number;
  /** Milliseconds; NaN when there is none. */
  readonly timestamp: number;
}

/**
 * Reads a text format line after line, as byte ranges, without making strings. A sample line is read in stages
 * (`startLine`, `readLabels`, `readSuffix`), so that a caller that already knows a label block can step over it. Each
 * format has its subclass.
 */
export abstract class LineReader extends ByteCursor {
  /** First byte of the current line that counts. */
  lineStart = 0;
  /** Name of a sample before its braces (empty for `{"name"}`), or of the family of a metadata line, without quotes. */
  nameStart = 0;
  nameEnd = 0;
  /** The text after the name of a metadata line. */
  textStart = 0;
  textEnd = 0;
  /** Of a TYPE line. */
  type: FamilyType = "unknown";
  /** Of the last `readLabels`. */
  readonly labels: LabelRanges;
  value = 0;
  /** Milliseconds; NaN when the sample has no timestamp. */
  timestamp = Number.NaN;
  /** Of the sample last read, in formats that have them. */
  exemplar: ExemplarRanges | undefined;
  /** Whether quotes are escaped in HELP texts, as they are in label values. */
  abstract readonly helpEscapesQuotes: boolean;
  readonly decimal: DecimalReader = new DecimalReader();
  /** Whatever starts before it is followed by a newline, so that reading its digits needs no bounds check. */
  readonly lastNewline: number = this.bytes.lastIndexOf(NEWLINE);

  constructor(bytes: Buffer, grammar: LabelGrammar) {
    super(bytes);
    this.labels = new LabelRanges(this, grammar);
  }

  /** Reads a comment or metadata line whole, a sample line up to its label block or value. */
  abstract startLine(): LineKind;

  /** Reads what follows the series on its line: value, timestamp, exemplar, the end of the line. */
  abstract readSuffix(): void;

  /** Checks that the input may end at the cursor, where no line said that it does. */
  abstract checkEnd(): void;

  /** Whether a label block comes next. */
  get atLabels(): boolean {
    return this.at(this.pos) === BRACE_OPEN;
  }

  /** Whether the first byte at or after `offset` that is not a blank opens a label block. */
  labelsFollow(offset: number): boolean {
    this.pos = offset;
    this.skipBlanks();
    return this.atLabels;
  }

  /** Reads the label block if there is one, into `labels`. */
  readLabels(): void {
    this.labels.clear();
    if (this.atLabels) this.labels.read(this.nameStart !== this.nameEnd);
    if (this.nameStart === this.nameEnd && !this.labels.hasMetricName) {
      this.fail("the series has no metric name", this.lineStart);
    }
  }

  /** The number at the cursor, which ends before the first byte that `ends` allows. */
  protected readNumber(what: string, ends: (byte: number) => boolean): number {
    const start = this.pos;
    if (start < this.lastNewline) {
      const value = this.decimal.read(this.bytes, start);
      const { end, wellFormed } = this.decimal;
      if (wellFormed && ends(this.at(end))) {
        this.pos = end;
        if (!Number.isNaN(value)) return value;
        const rounded = Number(this.bytes.toString("latin1", start, end));
        if (Number.isFinite(rounded)) return rounded;
        this.pos = start;
      }
    }
    while (!ends(this.at(this.pos))) this.pos++;
    const text = this.bytes.toString("latin1", start, this.pos);
    const value = parseGoFloat(text);
    if (value !== undefined) return value;
    this.fail(`${what} ${JSON.stringify(shorten(text))} is not a number that a float64 can hold`, start);
  }
}

/** For messages: no more of a hostile token than a person needs. */
export function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
