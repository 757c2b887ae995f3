import type { NativeBuckets, NativeHistogram } from "../exposition/index.ts";
import type { Count, ExponentialBuckets, ExponentialHistogramValue } from "../metrics/index.ts";

/** Schemas with exponential buckets; -53 (custom bounds) is never exposed, only made inside Prometheus. */
const MIN_SCHEMA = -4;
const MAX_SCHEMA = 8;

/** Most buckets of one side of a point, gaps included: at the finest schema this spans 256 powers of two. */
const MAX_BUCKETS = 65_536;

/**
 * What all points of a body may take together: a gap between two buckets costs a few bytes in a body and up to half a
 * megabyte here.
 */
export class BucketBudget {
  #left = 16 * 1024 * 1024;

  take(buckets: number): boolean {
    if (buckets > MAX_BUCKETS || buckets > this.#left) return false;
    this.#left -= buckets;
    return true;
  }
}

/**
 * A native histogram as an exponential one (specification: compatibility/prometheus_and_openmetrics.md, "Native
 * Histograms"): overflow buckets are left out, the count is what the buckets add up to.
 * @returns undefined for what has to be dropped: float counts, other schemas, and buckets too far apart
 */
export function toExponential(
  native: NativeHistogram,
  budget: BucketBudget,
): ExponentialHistogramValue | undefined {
  const { schema, zeroCount, zeroThreshold, sum } = native;
  if (native.float || schema < MIN_SCHEMA || schema > MAX_SCHEMA) return undefined;
  const positive = toDense(native.positive, schema, budget);
  const negative = toDense(native.negative, schema, budget);
  if (positive === undefined || negative === undefined) return undefined;
  const count = addUp([zeroCount, ...positive.bucketCounts, ...negative.bucketCounts]);
  return { count, sum, scale: schema, zeroCount, zeroThreshold, positive, negative };
}

function toDense(
  { spans, counts }: NativeBuckets,
  schema: number,
  budget: BucketBudget,
): ExponentialBuckets | undefined {
  /** The bucket that the largest float64 falls into; what is above counts infinities. */
  const last = 1024 * 2 ** schema;
  const indexes: number[] = [];
  const kept: Count[] = [];
  let index = 0;
  let at = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++, at++) {
      const count = counts[at] as Count;
      if (index > last || !count) continue;
      if (count < 0) return undefined;
      indexes.push(index);
      kept.push(count);
    }
  }
  const first = indexes[0];
  if (first === undefined) return none;
  const width = (indexes.at(-1) as number) - first + 1;
  if (!budget.take(width)) return undefined;
  const bucketCounts = new Array<Count>(width).fill(0);
  for (const [i, count] of kept.entries()) bucketCounts[(indexes[i] as number) - first] = count;
  // Prometheus numbers a bucket by its upper bound, OTLP by its lower one.
  return { offset: first - 1, bucketCounts };
}

const none: ExponentialBuckets = Object.freeze({ offset: 0, bucketCounts: Object.freeze([]) });

function addUp(counts: readonly Count[]): Count {
  let sum = 0;
  let exact = 0n;
  for (const count of counts) {
    if (typeof count === "bigint") exact += count;
    else sum += count;
  }
  if (exact === 0n && Number.isSafeInteger(sum)) return sum;
  exact = counts.reduce<bigint>((total, count) => total + BigInt(count), 0n);
  return exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : exact;
}
