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

/**
 * As if the events were spread evenly over the bucket: each explicit bucket gets as many as its share of it.
 * @param round makes a whole number of how many events lie below a bound
 */
function spread(round: (events: number, random: () => number) => number): Distribute {
  return (counts, bounds, lower, upper, count, random) => {
    const width = upper - lower;
    if (!(width > 0 && Number.isFinite(width))) {
      place(counts, bounds, upper, count);
      return;
    }
    let placed = 0;
    for (let i = 0; i <= bounds.length && placed < count; i++) {
      const end = bounds[i] ?? Number.POSITIVE_INFINITY;
      if (end <= lower) continue;
      const below = end >= upper ? count : round((count * (end - lower)) / width, random);
      const upTo = Math.min(count, Math.max(placed, below));
      counts[i] = (counts[i] ?? 0) + upTo - placed;
      placed = upTo;
    }
  };
}

export const distributions: Readonly<Record<string, Distribute>> = {
  upper: (counts, bounds, _lower, upper, count) => place(counts, bounds, upper, count),
  midpoint: (counts, bounds, lower, upper, count) => place(counts, bounds, (lower + upper) / 2, count),
  uniform: spread(Math.round),
  random: spread((events, random) => Math.floor(events + random())),
};

/** Every event is counted: zeros where 0 belongs, those below zero in buckets that mirror those above. */
export function toExplicit(
  value: ExponentialHistogramValue,
  boundaries: readonly number[],
  distribute: Distribute,
  next: () => number,
): HistogramValue {
  const counts = new Array<number>(boundaries.length + 1).fill(0);
  const bound = (index: number) => 2 ** (index * 2 ** -value.scale);
  place(counts, boundaries, 0, Number(value.zeroCount));
  const { positive, negative } = value;
  for (const [i, count] of positive.bucketCounts.entries()) {
    const [near, far] = [bound(positive.offset + i), bound(positive.offset + i + 1)];
    if (Number(count) > 0) distribute(counts, boundaries, near, far, Number(count), next);
  }
  for (const [i, count] of negative.bucketCounts.entries()) {
    const [near, far] = [bound(negative.offset + i), bound(negative.offset + i + 1)];
    if (Number(count) > 0) distribute(counts, boundaries, -far, -near, Number(count), next);
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
