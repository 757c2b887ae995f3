import { FamilyTable } from "./family-table.ts";
import { checkSampleLimit } from "./label-limits.ts";
import { LineRecords } from "./line-records.ts";
import { scanLines } from "./line-scan.ts";
import { MetricRecords } from "./metric-records.ts";
import { Observation } from "./observation.ts";
import { OpenMetricsReader } from "./open-metrics-reader.ts";
import { scanProtobuf } from "./protobuf-scan.ts";
import { SeriesStore } from "./series-store.ts";
import { TextReader } from "./text-reader.ts";
import type {
  Admission,
  ExpositionFormat,
  ExpositionLimits,
  FamilyMetadata,
  HistogramOptions,
  InterruptedBody,
  ParseResult,
  SeriesEntry,
  SeriesTableContract,
} from "./types.ts";

/** The series of one scrape target; see {@link SeriesTableContract}. */
export class SeriesTable implements SeriesTableContract {
  readonly #limits: ExpositionLimits;
  readonly #admit: Admission | undefined;
  readonly #histograms: HistogramOptions;
  readonly #body = new Observation();
  #store: SeriesStore;
  /** How the last body's format spells the series. */
  #spelling: Spelling;
  #families = new FamilyTable();
  #epoch = 0;
  #generation = 0;
  #interrupted = false;
  /** The mask of the last good body and one to write the next into. */
  #seen: Uint8Array = new Uint8Array(0);
  #spare: Uint8Array = new Uint8Array(0);
  #seenCount = 0;
  /** Metadata lines of the last good body. */
  #metadataLines: Int32Array = new Int32Array(0);
  /** Entries that existed at the end of the last good body; later ones have no family yet. */
  #settled = 0;
  /** By slot, for absent entries: the generation that saw it last, 0 for none. */
  #lastSeen: Float64Array = new Float64Array(0);

  constructor(limits: ExpositionLimits = {}, admit?: Admission, histograms: HistogramOptions = {}) {
    this.#limits = limits;
    this.#admit = admit;
    this.#histograms = histograms;
    this.#store = new SeriesStore(limits, admit);
    this.#spelling = newSpelling("text", this.#store);
  }

  get entries(): readonly SeriesEntry[] {
    return this.#store.entries;
  }

  get families(): ReadonlyMap<string, FamilyMetadata> {
    return this.#families.families;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get generation(): number {
    return this.#generation;
  }

  get interrupted(): InterruptedBody | undefined {
    return this.#interrupted ? this.#body : undefined;
  }

  familyOf(sampleName: string): string {
    return this.#families.familyOf(sampleName);
  }

  get wasteful(): boolean {
    return this.#spelling.records.recordCount > 2 * (this.#seenCount + this.#metadataLines.length) + 1024;
  }

  parse(
    body: Uint8Array,
    length: number,
    into?: Float64Array,
    format: ExpositionFormat = "text",
  ): ParseResult {
    if (format !== this.#spelling.format) this.#changeFormat(format);
    const seen = this.#body;
    const store = this.#store;
    const settled = this.#settled;
    this.#interrupted = true;
    seen.begin(into, this.#spare, store.entries.length);
    if (length > 0) this.#scan(Buffer.from(body.buffer, body.byteOffset, length));
    checkSampleLimit(this.#limits, seen.samples);
    this.#interrupted = false;

    const metadataChanged = this.#settleMetadata();
    this.#settleFamilies(metadataChanged);
    const startTimes = seen.starts.finish(store.entries.length);
    const seenCount = seen.samples - seen.duplicates;
    const sameSeries = this.#settleSeen(seenCount);
    return {
      values: seen.values,
      seen: this.#seen,
      ...(seen.timestamps && { timestamps: seen.timestamps }),
      ...(seen.exemplars && { exemplars: seen.exemplars }),
      ...(seen.natives && { natives: seen.natives }),
      ...(seen.exactCounts && { exactCounts: seen.exactCounts }),
      ...(startTimes && { startTimes }),
      samples: seen.samples,
      newEntries: store.entries.length - settled,
      metadataChanged,
      sameSeries,
      missing: store.entries.length - seenCount,
      duplicates: seen.duplicates,
      predicted: seen.predicted,
    };
  }

  compact(maxAbsent: number): Int32Array | undefined {
    const old = this.#store;
    const newSlots = new Int32Array(old.entries.length).fill(-1);
    let kept = 0;
    for (let slot = 0; slot < newSlots.length; slot++) {
      const absent = this.#seen[slot] === 1 ? 0 : this.#generation - (this.#lastSeen[slot] ?? 0);
      if (absent < maxAbsent) newSlots[slot] = kept++;
    }
    if (kept === newSlots.length && !this.wasteful) return undefined;

    const store = new SeriesStore(this.#limits, this.#admit);
    const seen = new Uint8Array(this.#seen.length);
    const lastSeen = new Float64Array(this.#lastSeen.length);
    newSlots.forEach((slot, before) => {
      if (slot < 0) return;
      seen[slot] = this.#seen[before]!;
      lastSeen[slot] = this.#lastSeen[before]!;
    });
    const settled = newSlots
      .subarray(0, this.#settled)
      .reduce((count, slot) => count + (slot < 0 ? 0 : 1), 0);
    store.adopt(old, newSlots);
    const spelling = this.#compactSpelling(store, newSlots);
    this.#families.retain(
      new Set([
        ...store.entries.map((entry) => entry.family),
        ...spelling.records.metadata.map((line) => line.family),
      ]),
    );
    this.#store = store;
    this.#spelling = spelling;
    this.#seen = seen;
    this.#spare = new Uint8Array(seen.length);
    this.#lastSeen = lastSeen;
    this.#settled = settled;
    this.#epoch++;
    return newSlots;
  }

  reset(): void {
    this.#store = new SeriesStore(this.#limits, this.#admit);
    this.#spelling = newSpelling(this.#spelling.format, this.#store);
    this.#families = new FamilyTable();
    this.#seen = new Uint8Array(0);
    this.#spare = new Uint8Array(0);
    this.#seenCount = 0;
    this.#metadataLines = new Int32Array(0);
    this.#settled = 0;
    this.#lastSeen = new Float64Array(0);
    this.#epoch++;
  }

  #scan(bytes: Buffer): void {
    const { sampleLimit = 0 } = this.#limits;
    const spelling = this.#spelling;
    if (spelling.format === "protobuf") {
      scanProtobuf(bytes, this.#store, spelling.records, this.#body, this.#histograms, sampleLimit);
      return;
    }
    const reader = spelling.format === "text" ? new TextReader(bytes) : new OpenMetricsReader(bytes);
    scanLines(reader, this.#store, spelling.records, this.#body, sampleLimit);
  }

  /** Lines are taken over with their order, protobuf is learnt again: its metrics are found by their labels. */
  #compactSpelling(store: SeriesStore, newSlots: Int32Array): Spelling {
    const old = this.#spelling;
    const spelling = newSpelling(old.format, store);
    if (old.format === "protobuf" || spelling.format === "protobuf") {
      this.#metadataLines = new Int32Array(0);
      return spelling;
    }
    const { records } = spelling;
    records.adopt(old.records, newSlots, this.#metadataLines);
    this.#metadataLines = this.#metadataLines.map((line) => records.metadataLike(old.records, line));
    return spelling;
  }

  /** The series stay, but nothing is known of how the new format spells them. */
  #changeFormat(format: ExpositionFormat): void {
    const store = new SeriesStore(this.#limits, this.#admit);
    store.adopt(
      this.#store,
      Int32Array.from(this.#store.entries, ({ slot }) => slot),
    );
    this.#store = store;
    this.#spelling = newSpelling(format, store);
    this.#metadataLines = new Int32Array(0);
  }

  /** Applies the body's metadata lines unless they are those of the last body. */
  #settleMetadata(): boolean {
    const lines = this.#body.metadataLines.subarray(0, this.#body.metadataCount);
    if (Buffer.compare(bytesOf(lines), bytesOf(this.#metadataLines)) === 0) return false;
    this.#metadataLines = lines.slice();
    return this.#families.apply(Array.from(lines, (line) => this.#spelling.records.metadata[line]!));
  }

  /** Gives new entries their family, and all entries after a change of metadata. */
  #settleFamilies(metadataChanged: boolean): void {
    const { entries } = this.#store;
    const families = new Map<string, string>();
    for (let slot = metadataChanged ? 0 : this.#settled; slot < entries.length; slot++) {
      const entry = entries[slot]!;
      let family = families.get(entry.name);
      if (family === undefined) {
        family = this.#families.familyOf(entry.name);
        families.set(entry.name, family);
      }
      entry.family = family;
    }
    this.#settled = entries.length;
  }

  /** Makes the body's mask the current one. @returns whether it shows the same slots as the one before */
  #settleSeen(seenCount: number): boolean {
    const { seen } = this.#body;
    const before = this.#seen;
    const slots = this.#store.entries.length;
    const same =
      seenCount === this.#seenCount &&
      Buffer.compare(seen.subarray(0, slots), withLength(before, slots)) === 0;
    if (!same) {
      if (this.#lastSeen.length < slots) {
        const larger = new Float64Array(seen.length);
        larger.set(this.#lastSeen);
        this.#lastSeen = larger;
      }
      for (let slot = 0; slot < before.length; slot++) {
        if (before[slot] === 1 && seen[slot] === 0) this.#lastSeen[slot] = this.#generation;
      }
    }
    this.#generation++;
    this.#spare = before;
    this.#seen = seen;
    this.#seenCount = seenCount;
    return same;
  }
}

/** What is learnt of the bytes that stand for series in one format. */
type Spelling =
  | { readonly format: "text" | "openmetrics"; readonly records: LineRecords }
  | { readonly format: "protobuf"; readonly records: MetricRecords };

function newSpelling(format: ExpositionFormat, store: SeriesStore): Spelling {
  return format === "protobuf"
    ? { format, records: new MetricRecords(store) }
    : { format, records: new LineRecords(store) };
}

function bytesOf(array: Int32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** The first `length` bytes of a mask, zeros appended to one that is shorter. */
function withLength(mask: Uint8Array, length: number): Uint8Array {
  if (mask.length >= length) return mask.subarray(0, length);
  const longer = new Uint8Array(length);
  longer.set(mask);
  return longer;
}
