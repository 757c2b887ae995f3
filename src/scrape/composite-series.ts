import type { Labels, SeriesEntry } from "../exposition/index.ts";
import type { Attributes } from "../metrics/index.ts";
import type { AttributeInterner } from "./attributes.ts";

/** A series with its labels, less those that belong to the scope. */
export interface ScopedEntry {
  readonly entry: SeriesEntry;
  readonly labels: Labels;
}

/** One histogram or summary point: the samples that belong together, by slot. */
export interface Composite {
  /** Slot of `_count`. */
  readonly count: number;
  /** Slot of `_sum`; -1 when the target exposes none. */
  readonly sum: number;
  /** Buckets (finite bounds) or quantiles, ascending. */
  readonly parts: readonly CompositePart[];
  /** Slot of the `+Inf` bucket, -1 for none. OTLP says the same by the count. */
  readonly infinite: number;
  /** Slot of `_created`, -1 for none: when the counting began, in seconds. */
  readonly created: number;
  readonly attributes: Attributes;
  /**
   * Slots that this point lacked in the last scrape that had its count, and that its layout therefore leaves out: a
   * program that changed its buckets exposes the old ones no more.
   */
  leftOut: readonly number[];
}

export interface CompositePart {
  /** `le` or `quantile` as a number. */
  readonly at: number;
  readonly slot: number;
}

/** A composite while it is being collected. */
interface Draft {
  count: number;
  sum: number;
  infinite: number;
  created: number;
  readonly parts: CompositePart[];
  attributes: Attributes;
}

const suffixes = { _count: "count", _sum: "sum", _created: "created" } as const;

/**
 * Groups the entries of one histogram or summary family into points. Points without `_count` are no points; samples that
 * do not fit the type (a bucket without `le`, the bare name in a histogram family) are left out as well, as the
 * Collector does.
 */
export function groupComposites(
  family: string,
  type: "histogram" | "summary",
  entries: readonly ScopedEntry[],
  interner: AttributeInterner,
): Composite[] {
  const part = type === "histogram" ? "le" : "quantile";
  const partName = type === "histogram" ? `${family}_bucket` : family;
  const drafts = new Map<Attributes, Draft[]>();
  const draftOf = ({ entry, labels }: ScopedEntry): Draft => {
    const attributes = interner.without(labels, part);
    let repeats = drafts.get(attributes);
    if (repeats === undefined) {
      repeats = [];
      drafts.set(attributes, repeats);
    }
    repeats[entry.occurrence] ??= {
      count: -1,
      sum: -1,
      infinite: -1,
      created: -1,
      parts: [],
      attributes,
    };
    return repeats[entry.occurrence] as Draft;
  };
  for (const scoped of entries) {
    const { entry, labels } = scoped;
    const field = suffixes[entry.name.slice(family.length) as keyof typeof suffixes];
    if (field !== undefined) {
      draftOf(scoped)[field] = entry.slot;
    } else if (entry.name === partName) {
      const at = parseBound(labels[part]);
      if (Number.isNaN(at)) continue;
      if (at === Infinity && type === "histogram") draftOf(scoped).infinite = entry.slot;
      else draftOf(scoped).parts.push({ at, slot: entry.slot });
    }
  }
  return [...drafts.values()]
    .flat()
    .filter((draft) => draft?.count >= 0)
    .map((draft) => ({ ...draft, parts: draft.parts.sort((a, b) => a.at - b.at), leftOut: [] }));
}

/** The number of a `le` or `quantile`; NaN when it is none. */
function parseBound(text: string | undefined): number {
  if (text === undefined || text === "") return Number.NaN;
  if (/^\+?inf(inity)?$/i.test(text)) return Infinity;
  return /^[-+]?[\d.]+(e[-+]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

/** The slots of a composite that `seen` lacks; its sum, bounds and quantiles come and go on their own. */
export function missingParts(composite: Composite, seen: Uint8Array): readonly number[] {
  const { parts, sum } = composite;
  const complete = parts.every(({ slot }) => seen[slot] === 1) && (sum < 0 || seen[sum] === 1);
  if (complete) return none;
  return [...parts.map(({ slot }) => slot), ...(sum < 0 ? [] : [sum])].filter((slot) => seen[slot] !== 1);
}

const none: readonly number[] = [];

export function sameSlots(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((slot, i) => slot === b[i]));
}

/**
 * Whether a point's counts can be counts: neither NaN nor infinite, in a histogram not falling from bucket to bucket and
 * none above the total. The `+Inf` bucket repeats the total and is not looked at.
 */
export function isSound(values: Float64Array, composite: Composite, type: "histogram" | "summary"): boolean {
  const { parts, leftOut, count } = composite;
  let below = 0;
  if (type === "histogram") {
    for (const { slot } of parts) {
      if (leftOut.length > 0 && leftOut.includes(slot)) continue;
      const value = values[slot] as number;
      // Written so that NaN fails too.
      if (!(value >= below)) return false;
      below = value;
    }
  }
  const total = values[count] as number;
  return total >= below && total < Infinity;
}

/** Every slot of a composite. */
export function* slotsOf({ count, sum, infinite, parts }: Composite): Generator<number> {
  yield count;
  if (sum >= 0) yield sum;
  if (infinite >= 0) yield infinite;
  for (const { slot } of parts) yield slot;
}
