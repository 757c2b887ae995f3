import type { FamilyMetadata, Labels, SeriesEntry } from "../exposition/index.ts";
import type { Resource } from "../metrics/index.ts";
import type { KnownSeries, ScrapedEntry } from "./known-series.ts";

/** What a scraped series becomes. */
export interface MappedSeries {
  readonly name: string;
  /** All of them, those of the target included; without empty values. */
  readonly labels: Labels;
  /** What the series is about, where that is not the target itself. */
  readonly resource?: Resource | undefined;
}

/**
 * Called once for each series, not for each sample. Undefined drops the series.
 * @throws an error that fails the scrape
 */
export type SeriesMapping = (name: string, labels: Labels) => MappedSeries | undefined;

/** The part of a series table that is mapped. */
export interface MappableTable {
  readonly entries: readonly SeriesEntry[];
  readonly families: ReadonlyMap<string, FamilyMetadata>;
  familyOf(sampleName: string): string;
}

type MutableEntry = { -readonly [Key in keyof ScrapedEntry]: ScrapedEntry[Key] };

/**
 * The series of a table under the names and labels they are sent on with, at the table's own slots: what relabelling
 * costs, it costs when a series is new. Series that become the same one are repeats of it, like samples of one series
 * with several timestamps.
 */
export class MappedTable implements KnownSeries {
  readonly #table: MappableTable;
  readonly #mapping: SeriesMapping;
  readonly #entries: (MutableEntry | undefined)[] = [];
  /** Mapped when they were admitted, before the table had them. */
  #admitted = new Map<Labels, Map<string, MappedSeries | undefined>>();
  /** Equal label sets of one resource are one object, of different resources they are not: so that series are told apart by it. */
  #labels = new Map<string, Labels>();
  #labelIds = new Map<Labels, number>();
  readonly #resourceIds = new Map<Resource | undefined, number>();
  readonly #nameIds = new Map<string, number>();
  /** How many entries a series has, by ids of labels and name. */
  #occurrences = new Map<number, number>();
  #dropped: number[] = [];

  constructor(table: MappableTable, mapping: SeriesMapping) {
    this.#table = table;
    this.#mapping = mapping;
  }

  get entries(): readonly (ScrapedEntry | undefined)[] {
    return this.#entries;
  }

  get families(): ReadonlyMap<string, FamilyMetadata> {
    return this.#table.families;
  }

  /** Slots of series that are not sent on. */
  get dropped(): readonly number[] {
    return this.#dropped;
  }

  /** Maps a series that the table is about to learn. @throws what the mapping throws */
  admit(name: string, labels: Labels): void {
    let byName = this.#admitted.get(labels);
    if (byName === undefined) {
      byName = new Map();
      this.#admitted.set(labels, byName);
    }
    byName.set(name, this.#mapping(name, labels));
  }

  /** Takes in the table's new entries, and its families where metadata changed. */
  update(metadataChanged: boolean): void {
    const { entries } = this.#table;
    if (metadataChanged) {
      for (const entry of this.#entries) {
        if (entry !== undefined) entry.family = this.#table.familyOf(entry.name);
      }
    }
    for (let slot = this.#entries.length; slot < entries.length; slot++) {
      const { name, labels, native } = entries[slot] as SeriesEntry;
      const admitted = this.#admitted.get(labels);
      // Repeats of a series that is known are not asked about.
      const mapped = admitted?.has(name) ? admitted.get(name) : this.#mapping(name, labels);
      if (mapped === undefined) {
        this.#dropped.push(slot);
        this.#entries.push(undefined);
        continue;
      }
      const entry = {
        slot,
        name: mapped.name,
        labels: this.#intern(mapped),
        occurrence: 0,
        family: this.#table.familyOf(mapped.name),
        resource: mapped.resource,
        ...(native && { native }),
      };
      this.#number(entry);
      this.#entries.push(entry);
    }
    this.#admitted = new Map();
  }

  /** The table renumbered its slots: `slots` gives the new one of each old one, -1 for a dropped one. */
  renumber(slots: Int32Array): void {
    const old = [...this.#entries];
    this.#entries.length = 0;
    this.#dropped = [];
    this.#labels = new Map();
    this.#labelIds = new Map();
    this.#occurrences = new Map();
    for (const [before, entry] of old.entries()) {
      const slot = slots[before] ?? -1;
      if (slot < 0) continue;
      this.#entries[slot] = entry;
      if (entry === undefined) {
        this.#dropped.push(slot);
        continue;
      }
      entry.slot = slot;
      this.#labels.set(this.#keyOf(entry), entry.labels);
      this.#number(entry);
    }
  }

  #intern(mapped: MappedSeries): Labels {
    if (this.#labelIds.has(mapped.labels)) return mapped.labels;
    const key = this.#keyOf(mapped);
    const known = this.#labels.get(key);
    if (known !== undefined) return known;
    this.#labels.set(key, mapped.labels);
    return mapped.labels;
  }

  #keyOf({ labels, resource }: Pick<MappedSeries, "labels" | "resource">): string {
    const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
    return `${idIn(this.#resourceIds, resource)} ${JSON.stringify(pairs)}`;
  }

  #number(entry: MutableEntry): void {
    const key = idIn(this.#labelIds, entry.labels) * 2 ** 24 + idIn(this.#nameIds, entry.name);
    const occurrence = this.#occurrences.get(key) ?? 0;
    this.#occurrences.set(key, occurrence + 1);
    entry.occurrence = occurrence;
  }
}

function idIn<Key>(ids: Map<Key, number>, key: Key): number {
  let id = ids.get(key);
  if (id === undefined) {
    id = ids.size;
    ids.set(key, id);
  }
  return id;
}
