import type { ExponentialHistogramValue, HistogramValue } from "../../metrics/index.ts";

/** Puts the events of one exponential bucket (lower, upper] into the counts of explicit ones. */
type Distribute = (
  counts: number[],
  bounds: readonly number[],
  lower: number,
  upper: number,
  count: number,
  random: () => number,
) => void;

/** Where a value belongs; what is above all bounds goes into the last, open bucket. */
function place(counts: number[], bounds: readonly number[], value: number, count: number): void {
  const index = bounds.findIndex((bound) => value <= bound);
  counts[index < 0 ? bounds.length : index] = (counts[index < 0 ? bounds.length : index] ?? 0) + count;
}

/** The bounds within [lower, upper]. */
function between(bounds: readonly number[], lower: number, upper: number): number[] {
  return bounds.flatMap((bound, i) => (bound >= lower && bound <= upper ? [i] : []));
}

const uniform: Distribute = (counts, bounds, lower, upper, count) => {
  const indices = between(bounds, lower, upper);
  if (indices.length === 0) {
    place(counts, bounds, lower, count);
    return;
  }
  const each = Math.floor(count / indices.length);
  const rest = count % indices.length;
  for (const [i, index] of indices.entries())
    counts[index] = (counts[index] ?? 0) + each + (i < rest ? 1 : 0);
};

const random: Distribute = (counts, bounds, lower, upper, count, next) => {
  const indices = between(bounds, lower, upper);
  if (indices.length === 0) {
    place(counts, bounds, lower, count);
    return;
  }
  let left = count;
  const put = (index: number, events: number) => {
    counts[index] = (counts[index] ?? 0) + events;
    left -= events;
  };
  for (const index of indices) {
    const overlap = upper === lower ? 0 : ((bounds[index] as number) - lower) / (upper - lower);
    put(index, Math.min(left, Math.floor(next() * overlap * count)));
  }
  while (left > 0) {
    const index = indices[Math.floor(next() * indices.length)] as number;
    put(index, Math.max(1, Math.floor((next() * left) / 2)));
  }
};

export const distributions: Readonly<Record<string, Distribute>> = {
  upper: (counts, bounds, _lower, upper, count) => place(counts, bounds, upper, count),
  midpoint: (counts, bounds, lower, upper, count) => place(counts, bounds, (lower + upper) / 2, count),
  uniform,
  random,
};

/** Events below zero are left out; zeros count where the first bound is 0. */
export function toExplicit(
  value: ExponentialHistogramValue,
  boundaries: readonly number[],
  distribute: Distribute,
  next: () => number,
): HistogramValue {
  const counts = new Array<number>(boundaries.length + 1).fill(0);
  const bound = (index: number) => 2 ** (index * 2 ** -value.scale);
  if (boundaries[0] === 0) counts[0] = Number(value.zeroCount);
  const { offset, bucketCounts } = value.positive;
  for (const [i, count] of bucketCounts.entries()) {
    if (Number(count) > 0) {
      distribute(counts, boundaries, bound(offset + i), bound(offset + i + 1), Number(count), next);
    }
  }
  const { sum, min, max } = value;
  return {
    buckets: { boundaries, counts },
    count: value.count,
    ...(sum !== undefined && { sum }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
  };
}
