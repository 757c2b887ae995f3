import type { Count, ExponentialBuckets, ExponentialHistogramValue } from "../../metrics/index.ts";

/** Both together, at the coarser one's resolution. What only one of them has (sum, minimum, maximum) is left out. */
export function addExponential(
  a: ExponentialHistogramValue,
  b: ExponentialHistogramValue,
): ExponentialHistogramValue {
  const scale = Math.min(a.scale, b.scale);
  const side = (name: "positive" | "negative") =>
    addBuckets(coarser(a[name], a.scale - scale), coarser(b[name], b.scale - scale));
  const both = (name: "sum" | "min" | "max", merge: (x: number, y: number) => number) =>
    a[name] === undefined || b[name] === undefined ? {} : { [name]: merge(a[name], b[name]) };
  return {
    count: add(a.count, b.count),
    scale,
    zeroCount: add(a.zeroCount, b.zeroCount),
    zeroThreshold: Math.max(a.zeroThreshold ?? 0, b.zeroThreshold ?? 0),
    positive: side("positive"),
    negative: side("negative"),
    ...both("sum", (x, y) => x + y),
    ...both("min", Math.min),
    ...both("max", Math.max),
  };
}

/** Each step joins neighbours: bucket `i` of a finer scale lies in `floor(i / 2)` of the next coarser one. */
function coarser({ offset, bucketCounts }: ExponentialBuckets, steps: number): ExponentialBuckets {
  if (steps === 0 || bucketCounts.length === 0) return { offset, bucketCounts };
  const size = 2 ** steps;
  const first = Math.floor(offset / size);
  const counts: Count[] = [];
  for (const [i, count] of bucketCounts.entries()) {
    const index = Math.floor((offset + i) / size) - first;
    counts[index] = add(counts[index] ?? 0, count);
  }
  return { offset: first, bucketCounts: counts };
}

function addBuckets(a: ExponentialBuckets, b: ExponentialBuckets): ExponentialBuckets {
  if (a.bucketCounts.length === 0) return b;
  if (b.bucketCounts.length === 0) return a;
  const offset = Math.min(a.offset, b.offset);
  const end = Math.max(a.offset + a.bucketCounts.length, b.offset + b.bucketCounts.length);
  const bucketCounts = Array.from({ length: end - offset }, (_, i) =>
    add(a.bucketCounts[offset + i - a.offset] ?? 0, b.bucketCounts[offset + i - b.offset] ?? 0),
  );
  return { offset, bucketCounts };
}

function add(a: Count, b: Count): Count {
  return typeof a === "bigint" || typeof b === "bigint" ? BigInt(a) + BigInt(b) : a + b;
}
