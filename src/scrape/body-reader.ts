import {
  ExpositionError,
  type ExpositionLimits,
  type ParseResult,
  SeriesTable,
} from "../exposition/index.ts";
import { withLength } from "./column-buffers.ts";
import { ScrapeRefusal } from "./scrape-failure.ts";

/** What was read of a body that turned out bad. */
export interface PartialBody {
  readonly samples: number;
  /** By slot, 1 = read before the error. */
  readonly seen: Uint8Array;
  /** TYPE or HELP lines before the error were new. */
  readonly metadataChanged: boolean;
}

export type BodyOutcome =
  | { readonly ok: true; readonly result: ParseResult; readonly values: Float64Array }
  | {
      readonly ok: false;
      readonly error: unknown;
      readonly partial: PartialBody | undefined;
      readonly values: Float64Array;
    };

const LINE_FEED = 0x0a;

/** How many absent scrapes the table keeps a series for, and when it is worth to look. */
const MAX_ABSENT_SCRAPES = 20;
const MIN_ABSENT_SERIES = 256;

/** Reads the bodies of one target with its series table: all of a body or none. */
export class BodyReader {
  readonly #sampleLimit: number;
  readonly table: SeriesTable;

  constructor(limits: ExpositionLimits) {
    const { sampleLimit = 0, ...labelLimits } = limits;
    this.#sampleLimit = sampleLimit;
    // Prometheus reads on beyond the sample limit: the report says how many there are.
    this.table = new SeriesTable(labelLimits);
  }

  /** @param into takes the values; the outcome's `values` are it or, when it was too short, another array */
  read(body: Uint8Array, length: number, into: Float64Array): BodyOutcome {
    try {
      const result = this.table.parse(body, length, into);
      const { values, samples } = result;
      if (this.#sampleLimit === 0 || samples <= this.#sampleLimit) return { ok: true, result, values };
      const error = new ScrapeRefusal(
        "sample_limit",
        `the body has ${samples} samples, sample_limit is ${this.#sampleLimit}`,
      );
      return { ok: false, error, partial: result, values };
    } catch (error) {
      return { ok: false, error, ...this.#readBefore(error, body, length, into) };
    }
  }

  /**
   * Drops long absent series when they, or other spellings of the same lines, have become many.
   * @returns the new slot of each old one, undefined when all stays as it is
   */
  compact(missing: number): Int32Array | undefined {
    const { table } = this;
    const many = missing >= MIN_ABSENT_SERIES && missing * 4 >= table.entries.length;
    if (!many && !table.wasteful) return undefined;
    const slots = table.compact(MAX_ABSENT_SCRAPES);
    return slots?.includes(-1) ? slots : undefined;
  }

  /**
   * The lines before the error, which decide which series end now. Reading them once more spares every good scrape the
   * bookkeeping.
   */
  #readBefore(
    error: unknown,
    body: Uint8Array,
    length: number,
    into: Float64Array,
  ): { readonly partial: PartialBody | undefined; readonly values: Float64Array } {
    const values = withLength(into, this.table.entries.length);
    if (!(error instanceof ExpositionError)) return { partial: undefined, values };
    const end = startOfLine(body, length, error.line);
    try {
      const result = this.table.parse(body, end, values);
      return { partial: result, values: result.values };
    } catch (again) {
      // A label value may hold line feeds: the error's line then begins within a series, which fails earlier.
      if (!(again instanceof ExpositionError) || again.line >= error.line)
        return { partial: undefined, values };
      return this.#readBefore(again, body, end, values);
    }
  }
}

function startOfLine(body: Uint8Array, length: number, line: number): number {
  let start = 0;
  for (let n = 1; n < line; n++) {
    const feed = body.indexOf(LINE_FEED, start);
    if (feed < 0 || feed >= length) return start;
    start = feed + 1;
  }
  return start;
}
