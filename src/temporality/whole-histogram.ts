import type { WholePlan } from "./stream-plans.ts";
import type { ExactCounts, StreamTable } from "./stream-table.ts";

/** Where the parts of a histogram that is one point are in the table. */
export function wholeCells({ id }: WholePlan): {
  readonly countCell: number;
  readonly sumCell: number;
  readonly bucketCell: number;
} {
  return { countCell: id, sumCell: id + 1, bucketCell: id + 2 };
}

/** Counts per bucket from cumulative ones, which lie at `base` + each of `buckets`. */
export function countsOf(
  values: Float64Array,
  count: number,
  buckets: Iterable<number>,
  base = 0,
): ExactCounts {
  const counts: number[] = [];
  let below = 0;
  for (const at of buckets) {
    const cumulative = values[base + at] as number;
    counts.push(cumulative - below);
    below = cumulative;
  }
  counts.push((values[count] as number) - below);
  return { count: values[count] as number, buckets: counts };
}

/** Whether the stream had other buckets until now: see `StreamTable.find`. */
export function bucketsChanged({ totals }: StreamTable, plan: WholePlan): boolean {
  return plan.slots.buckets.length > 0 && Number.isNaN(totals[wholeCells(plan).bucketCell]);
}

export function isFiniteHistogram(values: Float64Array, { slots: { count, buckets } }: WholePlan): boolean {
  return Number.isFinite(values[count]) && buckets.every((slot) => Number.isFinite(values[slot]));
}

/** Whether any single bucket, the last one up to infinity included, counts less than before. */
export function bucketFell(values: Float64Array, totals: Float64Array, plan: WholePlan): boolean {
  const { count, buckets } = plan.slots;
  const { countCell, bucketCell } = wholeCells(plan);
  let below = 0;
  for (let i = 0; i < buckets.length; i++) {
    const rise = (values[buckets[i] as number] as number) - (totals[bucketCell + i] as number);
    if (rise < below) return true;
    below = rise;
  }
  return (values[count] as number) - (totals[countCell] as number) < below;
}
