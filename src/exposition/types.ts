/** The exposition formats: Prometheus text 0.0.4 and 1.0.0, OpenMetrics 1.0 text, delimited protobuf. */
export type ExpositionFormat = "text" | "openmetrics" | "protobuf";

/** The metric types an exposition format can declare; a series without a TYPE line, or `untyped`, is `unknown`. */
export type FamilyType =
  | "counter"
  | "gauge"
  | "histogram"
  | "gaugehistogram"
  | "summary"
  | "info"
  | "stateset"
  | "unknown";

/** What the metadata lines said about one metric family. */
export interface FamilyMetadata {
  readonly name: string;
  readonly type: FamilyType;
  /** Text of the HELP line, unescaped; absent when there was none. */
  readonly help?: string;
  /** Only formats with UNIT metadata have it (Prometheus text does not). */
  readonly unit?: string;
}

/**
 * The labels of a series in the order in which the set was first exposed, without `__name__` and without labels of empty
 * value (which equal absent ones). Frozen and interned: within one table equal label sets are one object, across
 * families and scrapes.
 */
export type Labels = Readonly<Record<string, string>>;

/** A sample of what was counted, as it was exposed: `trace_id` and `span_id` are labels like others. */
export interface Exemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestampMs?: number;
}

/** One side of a native histogram. */
export interface NativeBuckets {
  /** Runs of consecutive buckets: how far behind the end of the last run (the first: from bucket 0), and how many. */
  readonly spans: readonly { readonly offset: number; readonly length: number }[];
  /** One for each bucket of the spans, not cumulative. */
  readonly counts: readonly (number | bigint)[];
}

/** A histogram with exponential buckets: bucket `i` ends at `2 ** (i * 2 ** -schema)`. Counts beyond 2^53 are bigints. */
export interface NativeHistogram {
  readonly schema: number;
  readonly count: number | bigint;
  readonly sum: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number | bigint;
  readonly positive: NativeBuckets;
  readonly negative: NativeBuckets;
  /** Counts need not be whole. */
  readonly float: boolean;
}

/** One time series a table has seen. The object keeps its identity until {@link SeriesTableContract.compact} or reset drops it. */
export interface SeriesEntry {
  /** Index into the value arrays. Changes only in `compact()`. */
  readonly slot: number;
  /** The sample name as exposed, for example `x_bucket`. */
  readonly name: string;
  readonly labels: Labels;
  /**
   * 0, or k for the k-th repeat of one label set within a body. Only samples with explicit timestamps repeat
   * (kubevirt_vmi_migration_*: up to ten points of one series in one body).
   */
  readonly occurrence: number;
  /** Name of the family in `families`. Changes only in a parse that reports `metadataChanged`. */
  readonly family: string;
  /** Its value is a native histogram; the number in its slot is the count. */
  readonly native?: true;
}

/** What one body held. Arrays are indexed by slot. */
export interface ParseResult {
  /** `into` if it was long enough, else a new array. Only slots with `seen[slot] === 1` hold a value of this body. */
  readonly values: Float64Array;
  /**
   * 1 = present in this body. The mask belongs to the table and stays valid until the parse after the next one, so
   * that it can be compared with the mask of the scrape before. It may be longer than `entries`.
   */
  readonly seen: Uint8Array;
  /**
   * Explicit timestamps in milliseconds, NaN where a sample had none; absent when no sample of the body had one.
   * Belongs to the table, valid until its next parse.
   */
  readonly timestamps?: Float64Array;
  /** By slot, for the samples that had any. A new map for each body, like the two that follow. */
  readonly exemplars?: ReadonlyMap<number, readonly Exemplar[]>;
  /** By slot, for the native histograms of the body. */
  readonly natives?: ReadonlyMap<number, NativeHistogram>;
  /** By slot, for the counts that a double cannot hold. */
  readonly exactCounts?: ReadonlyMap<number, bigint>;
  /**
   * By slot, nanoseconds since the epoch, 0 where none was given. Formats that put start times into series of their own
   * (`_created`) have them among the entries. The same array while nothing changes, and never written to again.
   */
  readonly startTimes?: BigUint64Array;
  /** Sample lines in the body, repeats and skipped duplicates included. */
  readonly samples: number;
  /** Entries appended since the last successfully parsed body. */
  readonly newEntries: number;
  /** A TYPE or HELP appeared or changed; `families` and the `family` of entries may differ from before. */
  readonly metadataChanged: boolean;
  /** This body held exactly the slots that the last successfully parsed one held. */
  readonly sameSeries: boolean;
  /** Entries of the table absent from this body. */
  readonly missing: number;
  /** Samples without timestamp whose series was already in this body; the first one counted, these were skipped. */
  readonly duplicates: number;
  /** Samples that came in the predicted order and took the fast path. */
  readonly predicted: number;
}

/** What is taken of the histograms in protobuf. */
export interface HistogramOptions {
  /** Native ones as such; else only their classic part, if only the infinite bucket. Default false. */
  readonly native?: boolean;
  /** The classic part of a native one too, if it has buckets. Default false. */
  readonly classicToo?: boolean;
}

/** Limits on one body; 0 or absent = none. Exceeding one fails the whole body, as it does in a Prometheus scrape. */
export interface ExpositionLimits {
  /** Samples per body. */
  readonly sampleLimit?: number;
  /** Labels per series, `__name__` counted like Prometheus does, labels added later not. */
  readonly labelLimit?: number;
  /** Bytes of a label name, `__name__` (8) included. */
  readonly labelNameLengthLimit?: number;
  /** Bytes of a label value, the metric name included. */
  readonly labelValueLengthLimit?: number;
}

/**
 * Asked about each series before it is learnt. What it throws fails the body at that sample, and the next body that has
 * the series again: it is not learnt.
 */
export type Admission = (name: string, labels: Labels) => void;

/** What a body had before the error that failed it. */
export interface InterruptedBody {
  readonly samples: number;
  /** By slot, 1 = read before the error. Belongs to the table, valid until its next parse. */
  readonly seen: Uint8Array;
}

/** The series of one scrape target, learnt from its bodies. */
export interface SeriesTableContract {
  /** By slot; append-only until `compact()` or `reset()`. */
  readonly entries: readonly SeriesEntry[];
  /** Metadata of every family that has a metadata line or a series; kept while a family is absent for some scrapes. */
  readonly families: ReadonlyMap<string, FamilyMetadata>;
  /** Changes whenever slots are renumbered (`compact()`, `reset()`). */
  readonly epoch: number;
  /** Successfully parsed bodies so far. */
  readonly generation: number;
  /**
   * Parses the first `length` bytes of `body` into `into` (recycled when it has room for all slots). All or
   * nothing: on an error the table is as before, apart from entries it newly learnt; the contents of `into` are then
   * unspecified. No bytes are an empty body in every format. A target may change its format: series stay what they are.
   * @throws ExpositionError when the body is not valid, ExpositionLimitError when it exceeds a limit
   */
  parse(body: Uint8Array, length: number, into?: Float64Array, format?: ExpositionFormat): ParseResult;
  /** Of the last body, if `parse` threw; undefined after a good one. */
  readonly interrupted: InterruptedBody | undefined;
  /** The family that a sample of this name belongs to, as the metadata is now; one of `families`. */
  familyOf(sampleName: string): string;
  /** Most of what the table holds was not in the last body: time to `compact()`. */
  readonly wasteful: boolean;
  /**
   * Drops the entries that were absent from the last `maxAbsent` (at least 1) successfully parsed bodies, keeps the
   * other entries' objects and label objects, and renumbers slots in the old order.
   * @returns the new slot of each old slot, -1 for a dropped one; undefined when nothing had to be dropped
   */
  compact(maxAbsent: number): Int32Array | undefined;
  /** Forgets everything. */
  reset(): void;
}

/** One sample as `inspect` prints it. */
export interface InspectedSample {
  readonly name: string;
  /** As exposed and in that order (`le` and `quantile` canonical); empty values are kept. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestampMs?: number;
  readonly exemplars?: readonly Exemplar[];
  /** Of a native histogram; the value is its count. */
  readonly histogram?: NativeHistogram;
  readonly startTimeMs?: number;
}

export interface InspectedFamily extends FamilyMetadata {
  readonly samples: readonly InspectedSample[];
}

/** A whole body, families in order of first appearance, samples in order of the body. */
export interface InspectedBody {
  readonly families: readonly InspectedFamily[];
  /** Sample lines, duplicates included. */
  readonly samples: number;
}
