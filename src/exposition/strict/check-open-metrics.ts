import { ExpositionError } from "../exposition-error.ts";
import type { LabelRanges } from "../label-ranges.ts";
import { decodeEscaped, LabelStrings } from "../label-values.ts";
import { LineKind } from "../line-reader.ts";
import { locate } from "../locate.ts";
import { OpenMetricsReader } from "../open-metrics-reader.ts";
import { FamilyCheck, type StrictSample } from "./family-check.ts";
import type { Report } from "./point-check.ts";
import { sampleNames, takenNames } from "./sample-names.ts";
import type { Violation } from "./violation.ts";

/** There may be as many as lines, and nobody reads them all. */
const MAX_VIOLATIONS = 100;

/**
 * Checks a body against the letter of the OpenMetrics 1.0 specification, which is far stricter than a scrape.
 * @returns what is wrong, in the order it was noticed, 100 at most; nothing is read behind a line that is no line
 */
export function checkOpenMetrics(body: Uint8Array): readonly Violation[] {
  const check = new BodyCheck(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  return check.run();
}

class BodyCheck {
  readonly #reader: OpenMetricsReader;
  readonly #strings = new LabelStrings();
  readonly #violations: Violation[] = [];
  /** Every family so far, and the family that each sample name may be of. */
  readonly #families = new Map<string, FamilyCheck>();
  readonly #names = new Map<string, FamilyCheck>();
  /** Metadata lines of the current family. */
  #said = new Set<LineKind>();
  #current: FamilyCheck | undefined;

  readonly #report: Report = (rule, offset, message) => {
    if (this.#violations.length >= MAX_VIOLATIONS) return;
    const { bytes, end } = this.#reader;
    this.#violations.push({ ...locate(bytes, end, offset), rule, message });
  };

  constructor(bytes: Buffer) {
    this.#reader = new OpenMetricsReader(bytes);
  }

  run(): readonly Violation[] {
    const reader = this.#reader;
    try {
      for (let kind = reader.startLine(); kind !== LineKind.END; kind = reader.startLine()) {
        if (kind === LineKind.SAMPLE) this.#sample();
        else this.#metadata(kind);
      }
      this.#current?.end();
    } catch (error) {
      if (!(error instanceof ExpositionError)) throw error;
      const { line = 0, column = 0, text, message } = error;
      this.#violations.push({ line, column, text, rule: "syntax", message });
    }
    return this.#violations.toSorted((a, b) => a.line - b.line);
  }

  #metadata(kind: LineKind): void {
    const reader = this.#reader;
    const { lineStart, nameStart, nameEnd, textStart, textEnd } = reader;
    const name = decodeEscaped(reader, nameStart, nameEnd);
    if (reader.bytes[nameStart - 1] === 34) this.#report("label-syntax", nameStart, "the name is in quotes");
    if (reader.bytes[textEnd - 1] === 13)
      this.#report("line-endings", textEnd - 1, "there is a carriage return");
    let family = this.#current;
    if (family?.name !== name) {
      family = this.#begin(name, nameStart);
    } else if (family.hasSamples) {
      this.#report("metadata-first", lineStart, `metadata of ${name} comes after its samples`);
    }
    if (this.#said.has(kind)) this.#report("metadata-once", lineStart, `${name} has such a line already`);
    this.#said.add(kind);
    if (kind === LineKind.TYPE) {
      family.type = reader.type;
      this.#take(family, nameStart);
    } else if (kind === LineKind.UNIT) {
      family.unit = reader.bytes.toString("utf8", textStart, textEnd);
    }
    if (family.unit !== "" && (family.type === "info" || family.type === "stateset")) {
      this.#report("unit-of-type", lineStart, `${family.type} ${name} has unit ${family.unit}`);
      family.unit = "";
    }
  }

  #sample(): void {
    const reader = this.#reader;
    reader.readLabels();
    const { labels, lineStart } = reader;
    this.#checkLabels(labels);
    const name = labels.hasMetricName
      ? decodeEscaped(reader, labels.metricNameStart, labels.metricNameEnd)
      : decodeEscaped(reader, reader.nameStart, reader.nameEnd);
    const pairs = this.#pairs(labels);
    reader.readSuffix();
    let family = this.#current;
    if (family === undefined || !family.owns(name)) {
      if (family !== undefined && takenNames(family.name, family.type).includes(name)) {
        const allowed = sampleNames(family.name, family.type).join(", ");
        this.#report(
          "sample-name",
          lineStart,
          `${name} is no sample of type ${family.type}, allowed are ${allowed}`,
        );
        return;
      }
      family = this.#familyOf(name, lineStart);
    }
    family.sample(this.#strictSample(name, pairs));
  }

  #strictSample(name: string, labels: StrictSample["labels"]): StrictSample {
    const reader = this.#reader;
    const { exemplar, value, timestamp, lineStart } = reader;
    let checked: StrictSample["exemplar"];
    if (exemplar !== undefined) {
      this.#checkLabels(exemplar.labels);
      const characters = this.#pairs(exemplar.labels)
        .flat()
        .reduce((sum, text) => sum + Array.from(text).length, 0);
      checked = { value: exemplar.value, characters, offset: exemplar.labels.start };
    }
    const own = Number.isNaN(timestamp) ? undefined : reader.exactTimestamp;
    return { name, labels, value, timestamp: own, exemplar: checked, offset: lineStart };
  }

  /** The family of a sample that is not of the current one: it begins a new one, without metadata. */
  #familyOf(name: string, offset: number): FamilyCheck {
    const known = this.#names.get(name);
    if (known !== undefined && known !== this.#current && known.owns(name)) {
      this.#report("family-unique", offset, `${name} belongs to family ${known.name}, which has ended`);
      this.#switchTo(known);
      return known;
    }
    const family = this.#begin(name, offset);
    this.#take(family, offset);
    return family;
  }

  #begin(name: string, offset: number): FamilyCheck {
    const known = this.#families.get(name);
    if (known !== undefined) {
      this.#report("family-unique", offset, `family ${name} was there before`);
      this.#switchTo(known);
      return known;
    }
    if (name.startsWith("_"))
      this.#report("reserved-name", offset, `family ${name} begins with an underscore`);
    const family = new FamilyCheck(name, this.#report);
    this.#families.set(name, family);
    this.#switchTo(family);
    return family;
  }

  #switchTo(family: FamilyCheck): void {
    this.#current?.end();
    this.#current = family;
    this.#said = new Set();
  }

  /** Notes which sample names a family may use. */
  #take(family: FamilyCheck, offset: number): void {
    for (const name of takenNames(family.name, family.type)) {
      const other = this.#names.get(name);
      if (other === undefined) this.#names.set(name, family);
      else if (other !== family) {
        const message = `${family.type} ${family.name} and ${other.type} ${other.name} both can have ${name}`;
        this.#report("family-clash", offset, message);
      }
    }
  }

  #checkLabels(labels: LabelRanges): void {
    if (labels.hasTrailingComma)
      this.#report("label-syntax", labels.end - 2, "a comma follows the last label");
    if (labels.hasQuotedNames) this.#report("label-syntax", labels.start, "a name is in quotes");
    const names = new Set<string>();
    for (const [name] of this.#pairs(labels)) {
      if (names.has(name)) this.#report("label-names-unique", labels.start, `label ${name} comes twice`);
      if (name.startsWith("_")) {
        this.#report("reserved-name", labels.start, `label ${name} begins with an underscore`);
      }
      names.add(name);
    }
  }

  #pairs(labels: LabelRanges): StrictSample["labels"] {
    this.#strings.read(this.#reader, labels, decodeEscaped);
    const { names, values } = this.#strings;
    return names.map((name, i) => [name, values[i]!] as const);
  }
}
