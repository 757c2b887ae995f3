import type { HistogramSlots, SummarySlots } from "../../metrics/index.ts";

/** Where a point of several slots lies. */
export type Series = HistogramSlots | SummarySlots;

/** Makes a slot to which one slot of each of the series adds up. */
export type AddUp = (series: readonly Series[], slotOf: (slots: Series) => number) => number;

/** Whether any of them become the same, however many there are. Summaries with quantiles do not. */
export function haveSameParts(all: readonly Series[]): boolean {
  const [first] = all;
  return all.every((slots) => {
    if (slots.sum < 0 !== (first as Series).sum < 0) return false;
    if ("values" in slots) return slots.quantiles.length === 0;
    return isSameList(slots.bounds, (first as HistogramSlots).bounds);
  });
}

/**
 * What points of one metric become together: one by itself stays what it is. Cumulative buckets add up by bound: what all
 * have in common is exact, so bounds that one of them lacks go. Quantiles do not add up.
 */
export function mergeSeries(all: readonly [Series, ...Series[]], addUp: AddUp): Series {
  if (all.length === 1) return all[0];
  const count = addUp(all, (slots) => slots.count);
  const summed = all.filter((slots) => slots.sum >= 0);
  const sum = () => addUp(summed, (slots) => slots.sum);
  const histograms = all.filter((slots) => "buckets" in slots);
  if (histograms.length === 0) {
    // Without a sum a summary has 0.
    return { count, sum: summed.length === 0 ? -1 : sum(), quantiles: [], values: new Uint32Array(0) };
  }
  const bounds = commonBounds(histograms);
  const buckets = bounds.map((bound) => addUp(all, (slots) => bucketOf(slots as HistogramSlots, bound)));
  return {
    count,
    sum: summed.length < all.length ? -1 : sum(),
    bounds,
    buckets: Uint32Array.from(buckets),
  };
}

function bucketOf({ bounds, buckets }: HistogramSlots, bound: number): number {
  return buckets[bounds.indexOf(bound)] as number;
}

function commonBounds([first, ...others]: readonly HistogramSlots[]): readonly number[] {
  const bounds = first?.bounds ?? [];
  if (others.every((slots) => isSameList(slots.bounds, bounds))) return bounds;
  return bounds.filter((bound) => others.every((slots) => slots.bounds.includes(bound)));
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((item, i) => item === b[i]));
}
