import type { SeriesStore } from "./series-store.ts";
import { StartTimes } from "./start-times.ts";
import type { Exemplar, NativeHistogram } from "./types.ts";

/** What the body being scanned has shown so far. The arrays are by slot and grow with the entries. */
export class Observation {
  values: Float64Array = new Float64Array(0);
  /** 1 = seen in this body. */
  seen: Uint8Array = new Uint8Array(0);
  timestamps: Float64Array | undefined;
  exemplars: Map<number, Exemplar[]> | undefined;
  natives: Map<number, NativeHistogram> | undefined;
  exactCounts: Map<number, bigint> | undefined;
  readonly starts = new StartTimes();
  samples = 0;
  duplicates = 0;
  predicted = 0;
  /** Ids of the metadata lines, in the order of the body. */
  metadataLines = new Int32Array(64);
  metadataCount = 0;
  #spareTimestamps = new Float64Array(0);

  /** Begins a body. `into` is used for the values if it has room for `slots` of them. */
  begin(into: Float64Array | undefined, seen: Uint8Array, slots: number): void {
    this.values = into !== undefined && into.length >= slots ? into : new Float64Array(capacityFor(slots));
    this.seen = seen.length >= slots ? seen.fill(0) : new Uint8Array(capacityFor(slots));
    this.timestamps = undefined;
    this.exemplars = undefined;
    this.natives = undefined;
    this.exactCounts = undefined;
    this.starts.begin();
    this.samples = 0;
    this.duplicates = 0;
    this.predicted = 0;
    this.metadataCount = 0;
  }

  pushMetadata(line: number): void {
    if (this.metadataCount === this.metadataLines.length) {
      const larger = new Int32Array(this.metadataCount * 2);
      larger.set(this.metadataLines);
      this.metadataLines = larger;
    }
    this.metadataLines[this.metadataCount++] = line;
  }

  /**
   * Stores a sample. A series that this body had before is a repeat if the sample has a timestamp (not NaN), else a
   * duplicate, which is skipped and counted.
   * @returns where it went, -1 if nowhere
   */
  put(store: SeriesStore, firstSlot: number, value: number, timestamp: number): number {
    let slot = firstSlot;
    this.reserve(slot + 1);
    if (this.seen[slot] === 1) {
      if (Number.isNaN(timestamp)) {
        this.duplicates++;
        return -1;
      }
      do {
        slot = store.repeat(slot);
        this.reserve(slot + 1);
      } while (this.seen[slot] === 1);
    }
    this.seen[slot] = 1;
    this.values[slot] = value;
    if (!Number.isNaN(timestamp)) this.putTimestamp(slot, timestamp);
    return slot;
  }

  putExemplar(slot: number, exemplar: Exemplar): void {
    this.exemplars ??= new Map();
    const list = this.exemplars.get(slot);
    if (list === undefined) this.exemplars.set(slot, [exemplar]);
    else list.push(exemplar);
  }

  putNative(slot: number, histogram: NativeHistogram): void {
    this.natives ??= new Map();
    this.natives.set(slot, histogram);
  }

  putExact(slot: number, count: bigint): void {
    this.exactCounts ??= new Map();
    this.exactCounts.set(slot, count);
  }

  putTimestamp(slot: number, timestamp: number): void {
    if (this.timestamps === undefined) {
      if (this.#spareTimestamps.length < this.seen.length) {
        this.#spareTimestamps = new Float64Array(this.seen.length);
      }
      this.timestamps = this.#spareTimestamps.fill(Number.NaN);
    }
    this.timestamps[slot] = timestamp;
  }

  /** Makes room for `slots` slots in every array. */
  reserve(slots: number): void {
    if (slots > this.values.length) {
      const values = new Float64Array(capacityFor(slots));
      values.set(this.values);
      this.values = values;
    }
    if (slots <= this.seen.length) return;
    const seen = new Uint8Array(capacityFor(slots));
    seen.set(this.seen);
    this.seen = seen;
    if (this.timestamps === undefined || this.timestamps.length >= seen.length) return;
    const timestamps = new Float64Array(seen.length).fill(Number.NaN);
    timestamps.set(this.timestamps);
    this.timestamps = timestamps;
    this.#spareTimestamps = timestamps;
  }
}

function capacityFor(slots: number): number {
  return Math.max(64, 2 ** Math.ceil(Math.log2(Math.max(1, slots))));
}
