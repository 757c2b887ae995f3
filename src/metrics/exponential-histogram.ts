import { addCounts, subtractCounts } from "./counts.ts";
import type { Count, ExponentialBuckets, ExponentialHistogramValue } from "./types.ts";

/** Buckets of each sign that a sum may have; it becomes coarser before it has more (as in the SDKs). */
const MAX_BUCKETS = 160;

/**
 * What came between two states of a running total, at the coarser one's resolution: exact, since buckets of a finer
 * scale add up to those of a coarser one. Undefined when anything fell, that is, when the total was reset. Without sum,
 * min and max.
 */
export function subtractExponential(
  now: ExponentialHistogramValue,
  before: ExponentialHistogramValue,
): ExponentialHistogramValue | undefined {
  const [a, b] = aligned(now, before, Math.min(now.scale, before.scale));
  if (a.count < b.count || a.zeroCount < b.zeroCount) return undefined;
  const positive = subtractBuckets(a.positive, b.positive);
  const negative = subtractBuckets(a.negative, b.negative);
  if (positive === undefined || negative === undefined) return undefined;
  return {
    ...a,
    count: subtractCounts(a.count, b.count),
    zeroCount: subtractCounts(a.zeroCount, b.zeroCount),
    positive,
    negative,
  };
}

/** Both together, at the coarser one's resolution or less: see MAX_BUCKETS. Without sum, min and max. */
export function addExponential(
  one: ExponentialHistogramValue,
  other: ExponentialHistogramValue,
): ExponentialHistogramValue {
  let scale = Math.min(one.scale, other.scale);
  const span = (pick: (value: ExponentialHistogramValue) => ExponentialBuckets) =>
    spanOf([
      trimmed(coarser(pick(one), one.scale - scale)),
      trimmed(coarser(pick(other), other.scale - scale)),
    ]);
  // The exact length comes from trimmed buckets; halving it again and again is what a coarser scale does.
  let length = Math.max(
    span(({ positive }) => positive),
    span(({ negative }) => negative),
  );
  while (length > MAX_BUCKETS) {
    scale--;
    length = Math.floor(length / 2) + 1;
  }
  const [a, b] = aligned(one, other, scale);
  return {
    ...a,
    count: addCounts(a.count, b.count),
    zeroCount: addCounts(a.zeroCount, b.zeroCount),
    positive: addBuckets(a.positive, b.positive),
    negative: addBuckets(a.negative, b.negative),
  };
}

/** The same with sum, minimum and maximum, where both have them. */
export function mergeExponential(
  one: ExponentialHistogramValue,
  other: ExponentialHistogramValue,
): ExponentialHistogramValue {
  const both = (name: "sum" | "min" | "max", merge: (x: number, y: number) => number) =>
    one[name] === undefined || other[name] === undefined ? {} : { [name]: merge(one[name], other[name]) };
  return {
    ...addExponential(one, other),
    ...both("sum", (x, y) => x + y),
    ...both("min", Math.min),
    ...both("max", Math.max),
  };
}

/** Both at one scale and with one zero bucket. */
function aligned(
  one: ExponentialHistogramValue,
  other: ExponentialHistogramValue,
  scale: number,
): [ExponentialHistogramValue, ExponentialHistogramValue] {
  const zeroThreshold = Math.max(one.zeroThreshold ?? 0, other.zeroThreshold ?? 0);
  return [adapted(one, scale, zeroThreshold), adapted(other, scale, zeroThreshold)];
}

function adapted(
  value: ExponentialHistogramValue,
  scale: number,
  zeroThreshold: number,
): ExponentialHistogramValue {
  let { zeroCount } = value;
  // Index i holds what is above 2^(i / 2^scale). A bucket that begins below the threshold belongs to zero.
  const first = zeroThreshold > 0 ? Math.ceil(Math.log2(zeroThreshold) * 2 ** scale - 1e-9) : -Infinity;
  const side = (buckets: ExponentialBuckets): ExponentialBuckets => {
    const { offset, bucketCounts } = coarser(buckets, value.scale - scale);
    const cut = Math.min(Math.max(first - offset, 0), bucketCounts.length);
    for (let i = 0; i < cut; i++) zeroCount = addCounts(zeroCount, bucketCounts[i] as Count);
    return cut === 0
      ? { offset, bucketCounts }
      : { offset: offset + cut, bucketCounts: bucketCounts.slice(cut) };
  };
  const positive = side(value.positive);
  const negative = side(value.negative);
  const { count } = value;
  return { count, scale, zeroCount, ...(zeroThreshold > 0 && { zeroThreshold }), positive, negative };
}

/** The same counts `steps` scales down, where two neighbours each become one. */
function coarser({ offset, bucketCounts }: ExponentialBuckets, steps: number): ExponentialBuckets {
  if (steps <= 0) return { offset, bucketCounts };
  const shift = 2 ** steps;
  const first = Math.floor(offset / shift);
  const merged: Count[] = [];
  bucketCounts.forEach((count, i) => {
    const at = Math.floor((offset + i) / shift) - first;
    merged[at] = addCounts(merged[at] ?? 0, count);
  });
  return { offset: first, bucketCounts: merged };
}

/** Without empty buckets at the ends. */
function trimmed({ offset, bucketCounts }: ExponentialBuckets): ExponentialBuckets {
  const first = bucketCounts.findIndex((count) => Number(count) !== 0);
  if (first < 0) return { offset: 0, bucketCounts: [] };
  const last = bucketCounts.findLastIndex((count) => Number(count) !== 0);
  return { offset: offset + first, bucketCounts: bucketCounts.slice(first, last + 1) };
}

/** From the first bucket of all to the last. */
function spanOf(all: readonly ExponentialBuckets[]): number {
  const filled = all.filter(({ bucketCounts }) => bucketCounts.length > 0);
  if (filled.length === 0) return 0;
  const first = Math.min(...filled.map(({ offset }) => offset));
  const end = Math.max(...filled.map(({ offset, bucketCounts }) => offset + bucketCounts.length));
  return end - first;
}

function subtractBuckets(a: ExponentialBuckets, b: ExponentialBuckets): ExponentialBuckets | undefined {
  const before = trimmed(b);
  const end = before.offset + before.bucketCounts.length;
  const outside = before.offset < a.offset || end > a.offset + a.bucketCounts.length;
  if (outside && before.bucketCounts.length > 0) return undefined;
  const bucketCounts: Count[] = [];
  for (const [i, count] of a.bucketCounts.entries()) {
    const less = before.bucketCounts[a.offset + i - before.offset] ?? 0;
    if (count < less) return undefined;
    bucketCounts.push(subtractCounts(count, less));
  }
  return { offset: a.offset, bucketCounts };
}

function addBuckets(a: ExponentialBuckets, b: ExponentialBuckets): ExponentialBuckets {
  const [one, other] = [trimmed(a), trimmed(b)];
  if (one.bucketCounts.length === 0) return other;
  if (other.bucketCounts.length === 0) return one;
  const offset = Math.min(one.offset, other.offset);
  const bucketCounts = Array.from({ length: spanOf([one, other]) }, (_, i) =>
    addCounts(
      one.bucketCounts[offset + i - one.offset] ?? 0,
      other.bucketCounts[offset + i - other.offset] ?? 0,
    ),
  );
  return { offset, bucketCounts };
}
