import type { FamilyMetadata, SeriesEntry } from "../exposition/index.ts";
import type { Resource } from "../metrics/index.ts";

/** A series as it is sent on. */
export interface ScrapedEntry extends SeriesEntry {
  /** What it is about, where that is not the target itself. */
  readonly resource?: Resource | undefined;
}

/** The series of a target, by slot; undefined where a series is not sent on. See `SeriesTable` and `MappedTable`. */
export interface KnownSeries {
  readonly entries: readonly (ScrapedEntry | undefined)[];
  readonly families: ReadonlyMap<string, FamilyMetadata>;
}

/** Slots of series that are one and the same downstream: samples with times of their own, or series that were renamed alike. */
export function repeatedSlots(entries: KnownSeries["entries"]): readonly (readonly number[])[] {
  const names = new Set<string>();
  for (const entry of entries) if (entry !== undefined && entry.occurrence > 0) names.add(entry.name);
  if (names.size === 0) return [];
  const groups = new Map<string, Map<SeriesEntry["labels"], number[]>>();
  for (const entry of entries) {
    if (entry === undefined || !names.has(entry.name)) continue;
    let byLabels = groups.get(entry.name);
    if (byLabels === undefined) {
      byLabels = new Map();
      groups.set(entry.name, byLabels);
    }
    const slots = byLabels.get(entry.labels);
    if (slots === undefined) byLabels.set(entry.labels, [entry.slot]);
    else slots.push(entry.slot);
  }
  return [...groups.values()].flatMap((group) => [...group.values()]).filter(({ length }) => length > 1);
}
