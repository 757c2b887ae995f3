import {
  addCounts,
  type Count,
  type ExponentialHistogramValue,
  type HistogramValue,
  subtractCounts,
} from "../../metrics/index.ts";

/** Puts the events of one exponential bucket (lower, upper] into the counts of explicit ones. */
type Distribute = (
  counts: Count[],
  bounds: readonly number[],
  lower: number,
  upper: number,
  count: Count,
  random: () => number,
) => void;

/** Where a value belongs; what is above all bounds goes into the last, open bucket. */
function place(counts: Count[], bounds: readonly number[], value: number, count: Count): void {
  const index = bounds.findIndex((bound) => value <= bound);
  add(counts, index < 0 ? bounds.length : index, count);
}

/** Exact, also beyond what a double can hold. */
function add(counts: Count[], index: number, count: Count): void {
  counts[index] = addCounts(counts[index] ?? 0, count);
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
    let placed: Count = 0;
    for (let i = 0; i <= bounds.length && placed < count; i++) {
      const end = bounds[i] ?? Number.POSITIVE_INFINITY;
      if (end <= lower) continue;
      const share = end >= upper ? 1 : (end - lower) / width;
      const below = share === 1 ? count : whole(round(Number(count) * share, random));
      const upTo: Count = below < placed ? placed : below < count ? below : count;
      add(counts, i, subtractCounts(upTo, placed));
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

/**
 * Every event is counted: zeros where 0 belongs, those below zero in buckets that mirror those above. The count is what the
 * buckets add up to, as OTLP wants it.
 */
export function toExplicit(
  value: ExponentialHistogramValue,
  boundaries: readonly number[],
  distribute: Distribute,
  next: () => number,
): HistogramValue {
  const counts = new Array<Count>(boundaries.length + 1).fill(0);
  const bound = (index: number) => 2 ** (index * 2 ** -value.scale);
  place(counts, boundaries, 0, value.zeroCount);
  const { positive, negative } = value;
  for (const [i, count] of positive.bucketCounts.entries()) {
    const [near, far] = [bound(positive.offset + i), bound(positive.offset + i + 1)];
    if (count > 0) distribute(counts, boundaries, near, far, count, next);
  }
  for (const [i, count] of negative.bucketCounts.entries()) {
    const [near, far] = [bound(negative.offset + i), bound(negative.offset + i + 1)];
    if (count > 0) distribute(counts, boundaries, -far, -near, count, next);
  }
  const { sum, min, max } = value;
  return {
    buckets: { boundaries, counts },
    count: counts.reduce(addCounts, 0),
    ...(sum !== undefined && { sum }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
  };
}

/** A whole number as a count: exact integers are compared with and taken from each other as bigints where need be. */
function whole(events: number): Count {
  return Number.isSafeInteger(events) ? events : BigInt(events);
}
