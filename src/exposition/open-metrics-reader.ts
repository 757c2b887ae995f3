import { characterClass } from "./character-class.ts";
import { LabelGrammar, LabelRanges } from "./label-ranges.ts";
import { type ExemplarRanges, LineKind, LineReader, shorten } from "./line-reader.ts";
import type { FamilyType } from "./types.ts";

const NUL = 0;
const NEWLINE = 10;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const BRACE_OPEN = 123;

const types: ReadonlyMap<string, FamilyType> = new Map(
  (
    ["counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset", "unknown"] as const
  ).map((type) => [type, type]),
);

const keywords: ReadonlyMap<string, LineKind> = new Map([
  ["HELP", LineKind.HELP],
  ["TYPE", LineKind.TYPE],
  ["UNIT", LineKind.UNIT],
]);

const metricNameStart = characterClass(/[a-zA-Z_:]/);
const metricNamePart = characterClass(/[a-zA-Z0-9_:]/);

/**
 * The grammar of OpenMetrics 1.0 text as a Prometheus 3 scrape reads it: exactly one space between tokens, no blank
 * lines, no comments, `# EOF` at the end. What the specification demands of names, types, order and values is not
 * looked at.
 */
export class OpenMetricsReader extends LineReader {
  readonly helpEscapesQuotes = true;
  /** The timestamp of the sample in seconds, nothing cut off. */
  exactTimestamp = 0;
  readonly #exemplarLabels: LabelRanges = new LabelRanges(this, LabelGrammar.EXEMPLAR);

  constructor(bytes: Buffer) {
    super(bytes, LabelGrammar.OPEN_METRICS);
  }

  startLine(): LineKind {
    this.lineStart = this.pos;
    this.checkEnd();
    const c = this.bytes[this.pos]!;
    if (c === HASH) return this.#descriptor();
    this.nameStart = this.pos;
    if (metricNameStart[c] === 1) {
      do this.pos++;
      while (metricNamePart[this.at(this.pos)] === 1);
    } else if (c !== BRACE_OPEN) {
      this.fail("expected a metric name, # HELP, # TYPE, # UNIT or # EOF");
    }
    this.nameEnd = this.pos;
    return LineKind.SAMPLE;
  }

  checkEnd(): void {
    if (this.pos >= this.end) this.fail("the body does not end with # EOF", this.end);
  }

  readSuffix(): void {
    this.#space("a value after the series");
    this.value = this.readNumber("value", endsToken);
    this.timestamp = Number.NaN;
    this.exemplar = undefined;
    if (this.at(this.pos) === SPACE && !this.#atExemplar()) {
      this.#space("a timestamp");
      if (this.at(this.pos) === HASH) this.fail('expected an exemplar such as # {trace_id="…"} 1.5');
      this.exactTimestamp = this.#seconds();
      this.timestamp = toMilliseconds(this.exactTimestamp);
    }
    if (this.#atExemplar()) this.exemplar = this.#exemplar();
    if (this.at(this.pos) !== NEWLINE) {
      this.fail(
        this.exemplar !== undefined
          ? "expected the end of the line"
          : Number.isNaN(this.timestamp)
            ? "expected a timestamp in seconds, an exemplar or the end of the line"
            : "expected an exemplar or the end of the line",
      );
    }
    this.#endLine();
  }

  /** A line that begins with `#`. */
  #descriptor(): LineKind {
    const { bytes } = this;
    const keyword =
      this.at(this.pos + 1) === SPACE ? bytes.toString("latin1", this.pos + 2, this.pos + 6) : "";
    if (keyword.startsWith("EOF")) {
      this.pos += 5;
      if (this.pos < this.end && bytes[this.pos] === NEWLINE) this.pos++;
      // A NUL ends the input of Prometheus' lexer as well.
      if (this.pos < this.end && bytes[this.pos] !== NUL) this.fail("there is something after # EOF");
      return LineKind.END;
    }
    const kind = keywords.get(keyword);
    if (kind === undefined || this.at(this.pos + 6) !== SPACE) {
      this.fail("expected # HELP, # TYPE, # UNIT or # EOF, there are no other comments");
    }
    this.pos += 7;
    this.#familyName(keyword);
    this.#text(keyword);
    if (kind === LineKind.HELP) this.checkUtf8(this.textStart, this.textEnd, "the help text");
    else if (kind === LineKind.TYPE) this.type = this.#type();
    else this.#checkUnit();
    return kind;
  }

  #familyName(keyword: string): void {
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

  #text(keyword: string): void {
    if (this.at(this.pos) !== SPACE) this.fail(`expected a space and the text of ${keyword}`);
    const newline = this.bytes.indexOf(NEWLINE, this.pos);
    if (newline < 0) this.fail("the body does not end with # EOF", this.end);
    this.textStart = this.pos + 1;
    this.textEnd = newline;
    this.pos = newline + 1;
  }

  #type(): FamilyType {
    const text = this.bytes.toString("utf8", this.textStart, this.textEnd);
    const type = types.get(text);
    if (type !== undefined) return type;
    const allowed = Array.from(types.keys()).join(", ");
    this.fail(`metric type ${JSON.stringify(shorten(text))} is none of ${allowed}`, this.textStart);
  }

  #checkUnit(): void {
    const unit = this.bytes.toString("utf8", this.textStart, this.textEnd);
    const name = this.bytes.toString("utf8", this.nameStart, this.nameEnd);
    if (unit === "" || name.endsWith(`_${unit}`)) return;
    this.fail(
      `unit ${JSON.stringify(shorten(unit))} is no suffix of metric ${JSON.stringify(shorten(name))}`,
      this.textStart,
    );
  }

  #atExemplar(): boolean {
    return (
      this.at(this.pos) === SPACE &&
      this.at(this.pos + 1) === HASH &&
      this.at(this.pos + 2) === SPACE &&
      this.at(this.pos + 3) === BRACE_OPEN
    );
  }

  #exemplar(): ExemplarRanges {
    this.pos += 3;
    const labels = this.#exemplarLabels;
    labels.clear();
    labels.read(true);
    this.#space("a value after the labels of the exemplar");
    const value = this.readNumber("exemplar value", endsToken);
    let timestamp = Number.NaN;
    if (this.at(this.pos) === SPACE) {
      this.#space("a timestamp");
      timestamp = toMilliseconds(this.#seconds());
    }
    return { labels, value, timestamp };
  }

  #seconds(): number {
    const start = this.pos;
    const seconds = this.readNumber("timestamp", endsToken);
    if (!Number.isFinite(seconds)) this.fail("a timestamp is neither NaN nor infinite", start);
    return seconds;
  }

  /** One space and the start of the token after it. */
  #space(expected: string): void {
    if (this.at(this.pos) !== SPACE || endsToken(this.at(this.pos + 1))) this.fail(`expected ${expected}`);
    this.pos++;
  }

  #endLine(): void {
    if (this.pos >= this.end) this.fail("the body does not end with # EOF", this.end);
    this.pos++;
  }
}

/** What is finer than a millisecond is cut off, as in Prometheus. */
function toMilliseconds(seconds: number): number {
  return Math.trunc(seconds * 1000);
}

function endsToken(c: number): boolean {
  return c === SPACE || c === NEWLINE;
}
