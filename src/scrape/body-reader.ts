import {
  type ExpositionLimits,
  type InterruptedBody,
  type ParseResult,
  SeriesTable,
} from "../exposition/index.ts";
import { ScrapeRefusal } from "./scrape-failure.ts";

export type BodyOutcome =
  | { readonly ok: true; readonly result: ParseResult; readonly values: Float64Array }
  | {
      readonly ok: false;
      readonly error: unknown;
      /** What was read of a body that turned out bad. */
      readonly partial: InterruptedBody | undefined;
      readonly values: Float64Array;
    };

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
      return { ok: false, error, partial: this.table.interrupted, values: into };
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
}
