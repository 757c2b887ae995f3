import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  addExponential,
  mergeExponential,
  subtractExponential,
} from "../../src/metrics/exponential-histogram.ts";
import type { ExponentialHistogramValue } from "../../src/metrics/index.ts";
import {
  column,
  convert,
  exponentialStream,
  newConverter,
  refused,
  SECOND,
  T0,
} from "../temporality/support.ts";

const empty = { offset: 0, bucketCounts: [] };

function exponential(
  observations: readonly number[],
  scale: number,
  zeroThreshold = 0,
): ExponentialHistogramValue {
  let zeroCount = 0;
  const counts = { positive: new Map<number, number>(), negative: new Map<number, number>() };
  for (const value of observations) {
    if (Math.abs(value) <= zeroThreshold) zeroCount++;
    else {
      const side = value > 0 ? counts.positive : counts.negative;
      const index = Math.ceil(Math.log2(Math.abs(value)) * 2 ** scale) - 1;
      side.set(index, (side.get(index) ?? 0) + 1);
    }
  }
  const buckets = (side: Map<number, number>) => {
    if (side.size === 0) return empty;
    const offset = Math.min(...side.keys());
    const bucketCounts = Array.from(
      { length: Math.max(...side.keys()) - offset + 1 },
      (_, i) => side.get(offset + i) ?? 0,
    );
    return { offset, bucketCounts };
  };
  return {
    count: observations.length,
    sum: observations.reduce((sum, value) => sum + value, 0),
    scale,
    zeroCount,
    ...(zeroThreshold > 0 && { zeroThreshold }),
    positive: buckets(counts.positive),
    negative: buckets(counts.negative),
  };
}

/** Bucket counts by index, to compare whatever the offsets. */
function content({ count, scale, zeroCount, positive, negative }: ExponentialHistogramValue) {
  const side = (buckets: ExponentialHistogramValue["positive"]) =>
    Object.fromEntries(
      buckets.bucketCounts.flatMap((n, i) => (Number(n) === 0 ? [] : [[buckets.offset + i, Number(n)]])),
    );
  return {
    count: Number(count),
    scale,
    zeroCount: Number(zeroCount),
    positive: side(positive),
    negative: side(negative),
  };
}

// Powers of two at quarter steps, between the bounds of any scale used here.
const observation = fc
  .record({ step: fc.integer({ min: -20, max: 20 }), negative: fc.boolean(), zero: fc.boolean() })
  .map(({ step, negative, zero }) => (zero ? 0 : (negative ? -1 : 1) * 2 ** (step / 4 + 1 / 32)));
const observations = fc.array(observation, { maxLength: 12 });
const scales = fc.integer({ min: -2, max: 3 });

test("the difference of two totals is what was observed between them, at the coarser scale", () => {
  fc.assert(
    fc.property(observations, observations, scales, scales, (before, between, scale, later) => {
      const difference = subtractExponential(
        exponential([...before, ...between], later),
        exponential(before, scale),
      );
      assert.ok(difference);
      assert.deepEqual(content(difference), content(exponential(between, Math.min(scale, later))));
    }),
  );
});

test("a sum is what was observed in both", () => {
  fc.assert(
    fc.property(observations, observations, scales, scales, (one, other, scale, otherScale) => {
      const sum = addExponential(exponential(one, scale), exponential(other, otherScale));
      assert.deepEqual(content(sum), content(exponential([...one, ...other], Math.min(scale, otherScale))));
    }),
  );
});

test("a larger zero bucket takes what has fallen into it", () => {
  const before = exponential([0.3, 0.3, 8], 0);
  const now = exponential([0.3, 0.3, 8, 0.3, 9], 0, 0.5);
  const difference = subtractExponential(now, before);
  assert.deepEqual(difference && content(difference), {
    count: 2,
    scale: 0,
    zeroCount: 1,
    positive: { 3: 1 },
    negative: {},
  });
});

test("whatever falls is a reset, even when the count rises", () => {
  const before = exponential([1, 1, 8], 0);
  assert.equal(subtractExponential(exponential([1, 8, 8, 8], 0), before), undefined);
  assert.equal(subtractExponential(exponential([8, 8, 8, 8], 0), before), undefined);
  assert.equal(subtractExponential(exponential([1, 1], 0), before), undefined);
});

test("a sum of far-apart observations becomes coarser before it becomes long", () => {
  const far = (offset: number): ExponentialHistogramValue => ({
    ...exponential([], 20),
    count: 1,
    positive: { offset, bucketCounts: [1] },
  });
  const sum = addExponential(far(-(2 ** 31)), far(2 ** 31 - 1));
  assert.ok(sum.positive.bucketCounts.length <= 160);
  assert.equal(
    sum.positive.bucketCounts.reduce<number>((all, n) => all + Number(n), 0),
    2,
  );
});

test("counts beyond 2^53 stay exact", () => {
  const big = 2n ** 60n;
  const value = (n: bigint): ExponentialHistogramValue => ({
    ...exponential([], 0),
    count: n,
    positive: { offset: 0, bucketCounts: [n] },
  });
  assert.equal(subtractExponential(value(big + 3n), value(big + 1n))?.count, 2n);
  assert.deepEqual(addExponential(value(big), value(1n)).positive.bucketCounts, [big + 1n]);
});

test("exponential histograms become deltas; a reset has all of the new total", async () => {
  const converter = newConverter();
  const of = exponentialStream();
  const source = (second: bigint, value: ExponentialHistogramValue) =>
    column([Number(value.count)], T0 + second * SECOND, { extras: new Map([[0, { exponential: value }]]) });
  const at = async (second: bigint, value: ExponentialHistogramValue) => {
    const { column: converted, counts } = await convert(converter, of, source(second, value));
    return { delta: converted.extras?.get(0)?.exponential, count: converted.values[0], counts };
  };
  await at(0n, { ...exponential([1, 8], 1), min: 1, max: 8 });
  const first = await at(1n, { ...exponential([1, 8, 8], 1), min: 1, max: 8 });
  assert.deepEqual(first.delta && [content(first.delta), first.delta.sum, first.count], [
    { count: 1, scale: 1, zeroCount: 0, positive: { 5: 1 }, negative: {} },
    8,
    1,
  ]);
  assert.ok(first.delta && !("min" in first.delta), "the least ever seen is not the least of the interval");

  const noSum = await at(2n, { ...exponential([1, 8, 8, 4], 1), sum: Number.NaN });
  assert.deepEqual([noSum.delta?.sum, noSum.counts.notFinite], [undefined, 1]);
  await refused(converter, of, source(3n, exponential([16], 1)));
  const next = await at(4n, exponential([1, 8, 8, 4, 2], 0));
  assert.deepEqual(next.delta && [next.delta.scale, next.delta.count, next.delta.sum], [0, 1, 6]);

  const reset = await at(5n, exponential([1, 1, 1, 1, 1, 1, 1], 2));
  assert.deepEqual(reset.delta && [reset.delta.scale, reset.delta.count, reset.delta.sum], [2, 7, 7]);
});

test("merging adds sum and takes the extremes where both have them, and stays small for buckets far apart", () => {
  const at = (offset: number, more: object) => ({
    count: 1,
    scale: 0,
    zeroCount: 0,
    positive: { offset, bucketCounts: [1] },
    negative: { offset: 0, bucketCounts: [] },
    ...more,
  });
  const merged = mergeExponential(at(-(2 ** 31), { sum: 1, min: 1 }), at(2 ** 31 - 1, { sum: 2, max: 2 }));
  assert.equal(merged.count, 2);
  assert.equal(merged.sum, 3);
  assert.deepEqual([merged.min, merged.max], [undefined, undefined]);
  assert.ok(merged.positive.bucketCounts.length <= 160);
  assert.equal(
    merged.positive.bucketCounts.reduce<number>((sum, n) => sum + Number(n), 0),
    2,
  );
});
