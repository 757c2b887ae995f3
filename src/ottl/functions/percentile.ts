import type { ExponentialHistogramValue, HistogramValue } from "../../metrics/index.ts";

interface Bucket {
  readonly count: number;
  /** The value at a fraction of the bucket. */
  readonly at: (fraction: number) => number;
}

/**
 * The value of the event at `rank` (0 to 1, the next whole event as in the Collector); undefined without events or
 * buckets. Inside a bucket of explicit bounds it is interpolated linearly, inside an exponential one logarithmically.
 */
export function percentile(
  value: HistogramValue | ExponentialHistogramValue,
  rank: number,
): number | undefined {
  const buckets = "buckets" in value ? explicitBuckets(value) : exponentialBuckets(value);
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return undefined;
  const wanted = Math.ceil(total * rank);
  let below = 0;
  for (const { count, at } of buckets) {
    if (count > 0 && below + count >= wanted) return at((wanted - below) / count);
    below += count;
  }
  return buckets.at(-1)?.at(1);
}

/** The outer buckets are open: the least and greatest value bound them where they are known. */
function explicitBuckets({ buckets: { boundaries, counts }, min, max }: HistogramValue): Bucket[] {
  if (boundaries.length === 0) {
    const [count] = counts;
    if (count === undefined || min === undefined || max === undefined) return [];
    return [{ count: Number(count), at: (fraction) => min + (max - min) * fraction }];
  }
  return counts.map((count, i) => {
    const first = boundaries[0] as number;
    const last = boundaries.at(-1) as number;
    const lower = i === 0 ? (min ?? (first >= 0 ? 0 : first)) : (boundaries[i - 1] as number);
    const upper = i === boundaries.length ? (max ?? last) : (boundaries[i] as number);
    return { count: Number(count), at: (fraction) => lower + (upper - lower) * fraction };
  });
}

function exponentialBuckets(value: ExponentialHistogramValue): Bucket[] {
  const bound = (index: number) => 2 ** (index * 2 ** -value.scale);
  const side = (buckets: ExponentialHistogramValue["positive"], sign: 1 | -1) =>
    buckets.bucketCounts.map((count, i): Bucket => {
      const near = bound(buckets.offset + i);
      const far = bound(buckets.offset + i + 1);
      const at = (fraction: number) =>
        sign > 0 ? near * (far / near) ** fraction : -far * (near / far) ** fraction;
      return { count: Number(count), at };
    });
  const zero: Bucket = { count: Number(value.zeroCount), at: () => 0 };
  return [...side(value.negative, -1).reverse(), zero, ...side(value.positive, 1)];
}
