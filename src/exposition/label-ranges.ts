import type { ByteCursor } from "./byte-cursor.ts";
import { growInt32 } from "./byte-pool.ts";
import { characterClass } from "./character-class.ts";

const NUL = 0;
const NEWLINE = 10;
const QUOTE = 34;
const COMMA = 44;
const EQUALS = 61;
const BACKSLASH = 92;
const BRACE_CLOSE = 125;

const labelNameStart = characterClass(/[a-zA-Z_]/);
const labelNamePart = characterClass(/[a-zA-Z0-9_]/);

/** How strictly a format spells its label blocks. */
export interface LabelGrammar {
  /** Blanks between tokens, and pairs without a comma between them. */
  readonly lenient: boolean;
  /** Raw newlines in label values, and in names. */
  readonly newlineInValues: boolean;
  readonly newlineInNames: boolean;
  readonly nulInValues: boolean;
  /** A string in quotes without a value is the metric name. */
  readonly metricName: boolean;
}

export const LabelGrammar = {
  TEXT: { lenient: true, newlineInValues: true, newlineInNames: true, nulInValues: true, metricName: true },
  OPEN_METRICS: {
    lenient: false,
    newlineInValues: false,
    newlineInNames: true,
    nulInValues: true,
    metricName: true,
  },
  EXEMPLAR: {
    lenient: false,
    newlineInValues: false,
    newlineInNames: false,
    nulInValues: false,
    metricName: false,
  },
} as const satisfies Record<string, LabelGrammar>;

/**
 * The label block of one sample as byte ranges in the body, without quotes and still escaped. Names are bare or in
 * quotes; a string in quotes that is not followed by `=` is the metric name. Commas may trail, but not come first or
 * twice.
 */
export class LabelRanges {
  readonly #cursor: ByteCursor;
  readonly #grammar: LabelGrammar;
  #named = false;
  /** From the opening to behind the closing brace; both 0 without a block. */
  start = 0;
  end = 0;
  count = 0;
  /** Per label: name start, name end, value start, value end. */
  ranges = new Int32Array(4 * 32);
  hasMetricName = false;
  metricNameStart = 0;
  metricNameEnd = 0;
  /** The block has the one spelling `{a="b",c="d"}`: bare names, no blanks, no spare commas, plain values. */
  plain = true;
  hasNul = false;
  /** What the OpenMetrics specification does not know: a comma behind the last label, and names in quotes. */
  hasTrailingComma = false;
  hasQuotedNames = false;

  constructor(cursor: ByteCursor, grammar: LabelGrammar) {
    this.#cursor = cursor;
    this.#grammar = grammar;
  }

  clear(): void {
    this.start = 0;
    this.end = 0;
    this.count = 0;
    this.hasMetricName = false;
    this.plain = true;
    this.hasNul = false;
    this.hasTrailingComma = false;
    this.hasQuotedNames = false;
  }

  /** Reads the block at the cursor, which must stand on its opening brace. `named`: a name stood before it. */
  read(named: boolean): void {
    const cursor = this.#cursor;
    this.#named = named;
    this.start = cursor.pos++;
    this.#skipBlanks();
    while (cursor.at(cursor.pos) !== BRACE_CLOSE) {
      this.#item();
      this.#skipBlanks();
      if (cursor.at(cursor.pos) !== COMMA) {
        if (cursor.at(cursor.pos) === BRACE_CLOSE) break;
        if (!this.#grammar.lenient) cursor.fail("expected a comma or the closing brace");
        this.plain = false;
        continue;
      }
      cursor.pos++;
      this.#skipBlanks();
      if (cursor.at(cursor.pos) === BRACE_CLOSE) {
        this.plain = false;
        this.hasTrailingComma = true;
      }
    }
    this.end = ++cursor.pos;
  }

  #item(): void {
    const cursor = this.#cursor;
    let nameStart = cursor.pos;
    let nameEnd: number;
    if (cursor.at(nameStart) === QUOTE) {
      cursor.skipQuoted(false, this.#grammar.newlineInNames);
      this.plain = false;
      this.hasQuotedNames = true;
      nameStart++;
      nameEnd = cursor.pos - 1;
      cursor.checkUtf8(nameStart, nameEnd, "a name");
      if (nameStart === nameEnd) cursor.fail("a name is empty", nameStart);
      this.#skipBlanks();
      const c = cursor.at(cursor.pos);
      if ((c === COMMA || c === BRACE_CLOSE) && this.#grammar.metricName) {
        this.#metricName(nameStart, nameEnd);
        return;
      }
    } else {
      if (labelNameStart[cursor.at(nameStart)] !== 1)
        cursor.fail("expected a label name or the closing brace");
      do cursor.pos++;
      while (labelNamePart[cursor.at(cursor.pos)] === 1);
      nameEnd = cursor.pos;
      this.#skipBlanks();
    }
    if (cursor.at(cursor.pos) !== EQUALS) cursor.fail("expected = after the label name");
    cursor.pos++;
    this.#skipBlanks();
    if (cursor.at(cursor.pos) !== QUOTE) cursor.fail("expected a label value in double quotes");
    const valueStart = cursor.pos + 1;
    this.#value();
    this.#add(nameStart, nameEnd, valueStart, cursor.pos - 1);
  }

  #metricName(start: number, end: number): void {
    const cursor = this.#cursor;
    if (this.hasMetricName || this.#named) {
      cursor.fail("the series has a second metric name", start - 1);
    }
    this.hasMetricName = true;
    this.metricNameStart = start;
    this.metricNameEnd = end;
  }

  /** Fast for plain ASCII, everything else goes through the cursor's general scan. */
  #value(): void {
    const cursor = this.#cursor;
    const { bytes, end } = cursor;
    const opening = cursor.pos;
    let pos = opening + 1;
    let c = 0;
    while (pos < end) {
      c = bytes[pos]!;
      if (c === QUOTE || c === BACKSLASH || c === NEWLINE || c === NUL || c >= 0x80) break;
      pos++;
    }
    if (pos < end && c === QUOTE) {
      cursor.pos = pos + 1;
      return;
    }
    cursor.skipQuoted(this.#grammar.nulInValues, this.#grammar.newlineInValues);
    cursor.checkUtf8(opening + 1, cursor.pos - 1, "a label value");
    const value = bytes.subarray(opening + 1, cursor.pos - 1);
    if (value.includes(BACKSLASH) || value.includes(NEWLINE)) this.plain = false;
    if (value.includes(NUL)) this.hasNul = true;
  }

  #add(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    const at = this.count++ * 4;
    this.ranges = growInt32(this.ranges, at + 4);
    this.ranges[at] = nameStart;
    this.ranges[at + 1] = nameEnd;
    this.ranges[at + 2] = valueStart;
    this.ranges[at + 3] = valueEnd;
    if (valueStart === valueEnd) this.plain = false;
  }

  #skipBlanks(): void {
    if (!this.#grammar.lenient) return;
    const before = this.#cursor.pos;
    this.#cursor.skipBlanks();
    if (this.#cursor.pos !== before) this.plain = false;
  }
}
