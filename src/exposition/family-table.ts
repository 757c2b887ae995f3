import { decodeEscaped, decodeHelp } from "./label-values.ts";
import { LineKind, type LineReader } from "./line-reader.ts";
import type { FamilyMetadata, FamilyType } from "./types.ts";

/** What one HELP, TYPE or UNIT line says. */
export interface MetadataLine {
  readonly family: string;
  readonly type?: FamilyType;
  readonly help?: string;
  readonly unit?: string;
}

/** Suffixes of sample names, with the types of families that they belong to. */
const suffixes: readonly (readonly [suffix: string, types: readonly FamilyType[]])[] = [
  ["_bucket", ["histogram", "gaugehistogram"]],
  ["_count", ["histogram", "summary", "gaugehistogram"]],
  ["_sum", ["histogram", "summary", "gaugehistogram"]],
  ["_gcount", ["gaugehistogram"]],
  ["_gsum", ["gaugehistogram"]],
  ["_total", ["counter"]],
  ["_created", ["counter", "histogram", "summary"]],
  ["_info", ["info"]],
];

/** The metadata line the reader has just read. */
export function readMetadata(reader: LineReader, kind: LineKind): MetadataLine {
  const { textStart, textEnd, helpEscapesQuotes } = reader;
  const family = decodeEscaped(reader, reader.nameStart, reader.nameEnd);
  if (kind === LineKind.TYPE) return { family, type: reader.type };
  if (kind === LineKind.UNIT) return { family, unit: reader.bytes.toString("utf8", textStart, textEnd) };
  return { family, help: (helpEscapesQuotes ? decodeEscaped : decodeHelp)(reader, textStart, textEnd) };
}

/**
 * Metadata of families across bodies. The lines of a body are collected and take effect together at its end, so that
 * a TYPE line counts wherever it stands, the last one wins, and a body that fails changes nothing. What was once said
 * of a family stays until it is said otherwise: a family may be absent for some scrapes.
 */
export class FamilyTable {
  /** Every family with a metadata line, then every other one a sample asked for. */
  #families = new Map<string, FamilyMetadata>();
  readonly #declared = new Map<string, FamilyMetadata>();

  get families(): ReadonlyMap<string, FamilyMetadata> {
    return this.#families;
  }

  /** Applies the lines of a body in their order. @returns whether any family changed or appeared */
  apply(lines: Iterable<MetadataLine>): boolean {
    const merged = new Map<string, FamilyMetadata>();
    for (const { family, type, help, unit } of lines) {
      const before = merged.get(family) ?? this.#declared.get(family) ?? { name: family, type: "unknown" };
      merged.set(family, {
        ...before,
        ...(type && { type }),
        ...(help !== undefined && { help }),
        ...(unit !== undefined && { unit }),
      });
    }
    let changed = false;
    for (const [family, metadata] of merged) {
      const before = this.#declared.get(family);
      if (before !== undefined && sameMetadata(before, metadata)) continue;
      this.#declared.set(family, metadata);
      changed = true;
    }
    if (changed) this.#families = new Map(this.#declared);
    return changed;
  }

  /**
   * The family of a sample: the one of its own name if that has metadata, else the one whose sample names it follows, else a family of unknown type of its own.
   */
  familyOf(sampleName: string): string {
    if (this.#declared.has(sampleName)) return sampleName;
    for (const [suffix, types] of suffixes) {
      if (!sampleName.endsWith(suffix)) continue;
      const declared = this.#declared.get(sampleName.slice(0, -suffix.length));
      if (declared !== undefined && types.includes(declared.type)) return declared.name;
    }
    if (!this.#families.has(sampleName)) {
      this.#families.set(sampleName, { name: sampleName, type: "unknown" });
    }
    return sampleName;
  }

  /** Forgets the families that are not in `used`. */
  retain(used: ReadonlySet<string>): void {
    for (const name of this.#declared.keys()) if (!used.has(name)) this.#declared.delete(name);
    for (const name of this.#families.keys()) if (!used.has(name)) this.#families.delete(name);
  }
}

function sameMetadata(a: FamilyMetadata, b: FamilyMetadata): boolean {
  return a.type === b.type && a.help === b.help && a.unit === b.unit;
}
