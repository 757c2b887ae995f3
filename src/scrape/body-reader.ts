import {
  type ExpositionFormat,
  type ExpositionLimits,
  type HistogramOptions,
  type InterruptedBody,
  type ParseResult,
  SeriesTable,
} from "../exposition/index.ts";
import type { KnownSeries } from "./known-series.ts";
import { MappedTable, type SeriesMapping } from "./mapped-table.ts";
import { ScrapeRefusal } from "./scrape-failure.ts";

export type BodyOutcome = {
  readonly values: Float64Array;
  /** Samples of the body that are left after relabelling; those before the error when it was refused. */
  readonly kept: number;
} & (
  | { readonly ok: true; readonly result: ParseResult }
  | {
      readonly ok: false;
      readonly error: unknown;
      /** What was read of a body that turned out bad. */
      readonly partial: InterruptedBody | undefined;
    }
);

/** How many absent scrapes the table keeps a series for, and when it is worth to look. */
const MAX_ABSENT_SCRAPES = 20;
const MIN_ABSENT_SERIES = 256;

/** Reads the bodies of one target with its series table: all of a body or none. */
export class BodyReader {
  readonly #sampleLimit: number;
  readonly #table: SeriesTable;
  readonly #mapped: MappedTable | undefined;
  /** Samples of the last good body that mapping dropped. */
  #droppedSamples = 0;

  /** @param mapping what each series becomes; as exposed without it */
  constructor(limits: ExpositionLimits, mapping?: SeriesMapping, histograms: HistogramOptions = {}) {
    const { sampleLimit = 0, ...labelLimits } = limits;
    this.#sampleLimit = sampleLimit;
    // Prometheus reads on beyond the sample limit: the report says how many there are.
    this.#table = new SeriesTable(
      labelLimits,
      (name, labels) => this.#mapped?.admit(name, labels),
      histograms,
    );
    if (mapping !== undefined) this.#mapped = new MappedTable(this.#table, mapping);
  }

  /** The series as they are sent on. */
  get series(): KnownSeries {
    return this.#mapped ?? this.#table;
  }

  /** Number of slots. */
  get width(): number {
    return this.#table.entries.length;
  }

  /** @param into takes the values; the outcome's `values` are it or, when it was too short, another array */
  read(body: Uint8Array, length: number, into: Float64Array, format: ExpositionFormat): BodyOutcome {
    let result: ParseResult;
    try {
      result = this.#table.parse(body, length, into, format);
    } catch (error) {
      const partial = this.#table.interrupted;
      return { ok: false, error, partial, values: into, kept: this.#keptBefore(partial) };
    }
    const { values, samples, duplicates } = result;
    const kept = samples - this.#countDropped(result);
    const limit = this.#sampleLimit;
    if (limit === 0 || kept - duplicates <= limit) return { ok: true, result, values, kept };
    const error = new ScrapeRefusal("sample_limit", `the body has ${kept} samples, sample_limit is ${limit}`);
    return { ok: false, error, partial: result, values, kept };
  }

  /**
   * Drops long absent series when they, or other spellings of the same lines, have become many.
   * @returns the new slot of each old one, undefined when all stays as it is
   */
  compact(missing: number): Int32Array | undefined {
    const many = missing >= MIN_ABSENT_SERIES && missing * 4 >= this.width;
    if (!many && !this.#table.wasteful) return undefined;
    const slots = this.#table.compact(MAX_ABSENT_SCRAPES);
    if (slots?.includes(-1) !== true) return undefined;
    this.#mapped?.renumber(slots);
    return slots;
  }

  /** Takes the table's news into the mapping. Returns how many samples of the body it drops. */
  #countDropped({ newEntries, metadataChanged, sameSeries, seen }: ParseResult): number {
    const mapped = this.#mapped;
    if (mapped === undefined) return 0;
    if (newEntries === 0 && !metadataChanged && sameSeries) return this.#droppedSamples;
    mapped.update(metadataChanged);
    this.#droppedSamples = countIn(mapped.dropped, seen);
    return this.#droppedSamples;
  }

  #keptBefore(partial: InterruptedBody | undefined): number {
    if (partial === undefined) return 0;
    return partial.samples - (this.#mapped === undefined ? 0 : countIn(this.#mapped.dropped, partial.seen));
  }
}

function countIn(slots: readonly number[], seen: Uint8Array): number {
  let count = 0;
  for (const slot of slots) count += seen[slot] as number;
  return count;
}
