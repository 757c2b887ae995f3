import { addCounts, type Count, subtractCounts } from "../metrics/index.ts";
import type { ExactCounts } from "./stream-table.ts";

/** Undefined when there is no difference: something fell, or the buckets are others. */
export function subtractExact(a: ExactCounts, b: ExactCounts): ExactCounts | undefined {
  if (a.count < b.count) return undefined;
  const count = subtractCounts(a.count, b.count);
  // "No buckets" is written as no counts at all or as one.
  if (a.buckets.length <= 1 && b.buckets.length <= 1) return { count, buckets: a.buckets.map(() => count) };
  if (a.buckets.length !== b.buckets.length) return undefined;
  if (a.buckets.some((count, i) => count < (b.buckets[i] as Count))) return undefined;
  return {
    count,
    buckets: a.buckets.map((count, i) => subtractCounts(count, b.buckets[i] as Count)),
  };
}

export function addExact(a: ExactCounts, b: ExactCounts): ExactCounts {
  return {
    count: addCounts(a.count, b.count),
    buckets: a.buckets.map((count, i) => addCounts(count, b.buckets[i] ?? 0)),
  };
}
