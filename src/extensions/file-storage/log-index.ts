import type { RecordEntry } from "./record.ts";
import type { Segment } from "./segment.ts";

/** Where the value of a key lies. */
export interface Place {
  readonly segment: Segment;
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
  /** What it takes of the segment, key and headers included. */
  readonly bytes: number;
}

/** The place of each key; keeps the segments' counts of what lives in them. */
export class LogIndex {
  readonly #places = new Map<string, Place>();

  get size(): number {
    return this.#places.size;
  }

  get(key: string): Place | undefined {
    return this.#places.get(key);
  }

  keys(): readonly string[] {
    return [...this.#places.keys()].toSorted();
  }

  *placesIn(segment: Segment): Generator<readonly [key: string, place: Place]> {
    for (const entry of this.#places) if (entry[1].segment === segment) yield entry;
  }

  /** Takes over what a record says. `base` is added to its offsets. */
  apply(entries: readonly RecordEntry[], segment: Segment, base: number): void {
    for (const { key, value, bytes } of entries) {
      const old = this.#places.get(key);
      if (old !== undefined) {
        old.segment.entries--;
        old.segment.liveBytes -= old.bytes;
        this.#places.delete(key);
      }
      if (value === undefined) continue;
      const { offset, length, crc } = value;
      this.#places.set(key, { segment, offset: base + offset, length, crc, bytes });
      segment.entries++;
      segment.liveBytes += bytes;
    }
  }
}
