import assert from "node:assert/strict";
import { test } from "node:test";
import { PartialError } from "../../src/component/index.ts";
import { type Column, type ColumnInit, NO_START, type PointExtras } from "../../src/metrics/index.ts";
import { type LayoutStreams, seriesKey } from "../../src/temporality/index.ts";
import {
  column,
  convert,
  newConverter,
  present,
  refused,
  SECOND,
  streams,
  T0,
  wholeHistogram,
} from "./support.ts";

test("streams that nobody has seen for long are forgotten, and their numbers given to others", async () => {
  const converter = newConverter();
  const many = streams("m", ["a", "b", "c"]);
  const other = streams("n", ["x", "y"]);
  const at = async (minute: number, of: LayoutStreams, values: readonly (number | undefined)[]) => {
    const time = T0 + BigInt(minute) * 60n * SECOND;
    const { column: converted } = await convert(converter, of, column(values, time), minute * 60_000);
    return present(converted, of.width);
  };
  await at(0, many, [1, 10, 100]);
  assert.equal(converter.streamCount, 3);
  for (let minute = 1; minute <= 12; minute++) {
    assert.deepEqual(await at(minute, many, [1 + minute, undefined, undefined]), [1, undefined, undefined]);
  }
  assert.equal(converter.streamCount, 3, "the layout still has them, so they have numbers, but no totals");
  await at(12, other, [7, 8]);
  assert.deepEqual(await at(13, other, [8, 10]), [1, 2]);
  assert.deepEqual(await at(13, many, [20, 11, 101]), [7, undefined, undefined]);
  assert.deepEqual(await at(14, many, [21, 12, 103]), [1, 1, 2]);

  for (let minute = 15; minute <= 40; minute++) await at(minute, other, [minute, minute]);
  assert.equal(converter.streamCount, 2);
});

test("points with times of their own are differenced by these", async () => {
  const converter = newConverter();
  const two = streams("m", ["a", "b"]);
  const at = (second: bigint, values: readonly number[], own: bigint) => {
    const time = T0 + second * SECOND;
    return convert(converter, two, column(values, time, { times: BigUint64Array.of(T0 + own * SECOND, 0n) }));
  };
  await at(10n, [1, 1], 3n);
  const second = (await at(20n, [5, 2], 13n)).column;
  assert.deepEqual(present(second, 2), [4, 1]);
  assert.deepEqual(
    [second.startAt(0), second.startAt(1), second.timeAt(0), second.timeAt(1)],
    [3n, 10n, 13n, 20n].map((s) => T0 + s * SECOND),
  );
  const third = await at(30n, [6, 4], 13n);
  assert.deepEqual(present(third.column, 2), [undefined, 2]);
  assert.equal(third.counts.outOfOrder, 1);
});

test("several points of one stream in a column follow each other", async () => {
  const converter = newConverter();
  const three = streams("m", ["a", "a", "a"]);
  const times = BigUint64Array.of(T0 - 3n * SECOND, T0 - 2n * SECOND, T0 - SECOND);
  const { column: converted } = await convert(converter, three, column([1, 3, 6], T0, { times }));
  assert.deepEqual(present(converted, 3), [undefined, 2, 3]);
  assert.deepEqual([converted.startAt(1), converted.startAt(2)], [T0 - 3n * SECOND, T0 - 2n * SECOND]);
});

test("beside the deltas everything else keeps its start, or none", async () => {
  const two = { ...streams("m", ["a", "b"]), width: 4 };
  const starts = async (more: Partial<ColumnInit>, ownTime = 0n) => {
    const converter = newConverter();
    await convert(converter, two, column([1, 1, 5, 6], T0, more));
    const times = BigUint64Array.of(0n, ownTime, 0n, 0n);
    // The second stream has another start than the first one in the third column.
    await convert(converter, two, column([2, ownTime === 0n ? 2 : undefined, 5, 6], T0 + SECOND, more));
    const { column: last } = await convert(
      converter,
      two,
      column([4, 4, 5, 6], T0 + 2n * SECOND, { ...more, times }),
    );
    assert.deepEqual(present(last, 4).slice(2), [5, 6]);
    return [0, 1, 2, 3].map((slot) =>
      last.startAt(slot) === 0n ? "none" : (last.startAt(slot) - T0) / SECOND,
    );
  };
  assert.deepEqual(await starts({}), [1n, 1n, "none", "none"]);
  assert.deepEqual(await starts({}, T0 + 2n * SECOND), [1n, 0n, "none", "none"]);
  assert.deepEqual(await starts({ startNs: T0 - 5n * SECOND }), [1n, 1n, -5n, -5n]);
  const startTimes = BigUint64Array.of(0n, 0n, T0 - 7n * SECOND, 0n);
  assert.deepEqual(await starts({ startTimes }), [1n, 1n, -7n, "none"]);
  const noneThere = BigUint64Array.of(NO_START, 0n, 0n, NO_START);
  assert.deepEqual(await starts({ startNs: T0 - 5n * SECOND, startTimes: noneThere }), [1n, 1n, -5n, "none"]);
});

test("nanoseconds of the times survive", async () => {
  const converter = newConverter();
  const one = streams("m", ["a"]);
  await convert(converter, one, column([1], T0 + 123_456_789n));
  const { column: converted } = await convert(converter, one, column([2], T0 + SECOND + 1n));
  assert.equal(converted.startAt(0), T0 + 123_456_789n);
  // 300 s and a nanosecond later
  const late = await convert(converter, one, column([3], T0 + 301n * SECOND + 2n));
  assert.deepEqual(present(late.column, 1), [undefined]);
});

test("what holds for totals only does not go on with the differences", async () => {
  const converter = newConverter();
  const one: LayoutStreams = { ...streams("m", ["a"]), width: 2 };
  const extras = new Map<number, PointExtras>([
    [0, { min: 1, flags: 4 }],
    [1, { integer: 5n }],
  ]);
  await convert(converter, one, column([1, 5], T0, { extras }));
  const { column: converted } = await convert(converter, one, column([3, 5], T0 + SECOND, { extras }));
  assert.equal(converted.values[0], 2);
  assert.deepEqual(
    [...(converted.extras ?? [])],
    [
      [0, { flags: 4 }],
      [1, { integer: 5n }],
    ],
  );
});

test("integers beyond 2^53 are differenced exactly, whichever of the two is one", async () => {
  const converter = newConverter();
  const one = streams("m", ["a"]);
  const big = 2n ** 60n + 1n;
  const at = async (second: bigint, value: number | bigint) => {
    const extras = typeof value === "bigint" ? new Map([[0, { integer: value }]]) : undefined;
    const source = column([Number(value)], T0 + second * SECOND, { extras });
    const { column: converted } = await convert(converter, one, source);
    return [present(converted, 1)[0], converted.extras?.get(0)?.integer];
  };
  await at(0n, big);
  assert.deepEqual(await at(1n, big + 2n), [2, 2n]);
  assert.deepEqual(await at(2n, big + 2n + 2n ** 55n + 3n), [2 ** 55 + 3, 2n ** 55n + 3n]);
  assert.deepEqual(await at(3n, 7), [7, undefined], "a reset");
  assert.deepEqual(await at(4n, 10n), [3, 3n]);
});

test("exact counts of a histogram are differenced one by one", async () => {
  const converter = newConverter();
  const histogram = wholeHistogram([1]);
  const at = async (second: bigint, buckets: readonly bigint[]) => {
    const count = buckets.reduce((sum, n) => sum + n);
    const source = column([Number(buckets[0]), Number(count), 1], T0 + second * SECOND, {
      extras: new Map([[1, { exactCounts: { count, buckets }, min: 1, max: 2 }]]),
    });
    const { column: converted } = await convert(converter, histogram, source);
    return converted.extras?.get(1);
  };
  const big = 2n ** 60n;
  await at(0n, [big, 1n]);
  assert.deepEqual(await at(1n, [big + 1n, 3n]), { exactCounts: { count: 3n, buckets: [1n, 2n] } });
  assert.deepEqual(
    await at(2n, [big, 5n]),
    { exactCounts: { count: big + 5n, buckets: [big, 5n] } },
    "a bucket that falls by one is a reset, though doubles do not show it",
  );
});

test("a refused batch leaves no trace: the next delta covers it", async () => {
  const converter = newConverter();
  const one = streams("m", ["a", "b"]);
  const at = (second: bigint, a: number, b: number | undefined) => column([a, b], T0 + second * SECOND);
  await refused(converter, one, at(0n, 10, 100));
  assert.deepEqual(present((await convert(converter, one, at(1n, 11, 101))).column, 2), [
    undefined,
    undefined,
  ]);
  await refused(converter, one, at(2n, 13, undefined));
  await refused(converter, one, at(3n, 16, 5));
  const { column: next } = await convert(converter, one, at(4n, 20, 7));
  assert.deepEqual(present(next, 2), [9, 7]);
  assert.deepEqual([next.startAt(0), next.startAt(1)], [T0 + SECOND, T0 + SECOND]);
  await refused(converter, one, at(5n, 25, 8));
  assert.deepEqual(
    present((await convert(converter, one, at(5n, 25, 8))).column, 2),
    [5, 1],
    "the same batch once more is not out of order",
  );
});

test("a batch that was taken in part was taken", async () => {
  const converter = newConverter();
  const one = streams("m", ["a"]);
  await convert(converter, one, column([1], T0));
  await refused(converter, one, column([3], T0 + SECOND), new PartialError("one point is bad", 1));
  assert.deepEqual(present((await convert(converter, one, column([7], T0 + 2n * SECOND))).column, 1), [4]);
});

test("a refused batch leaves no trace in histograms, moved totals and exact counts", async () => {
  const converter = newConverter();
  const whole = wholeHistogram([1, 2]);
  const moved = streams("m", ["v", "v"]);
  const extras = (integer: bigint) => ({ extras: new Map([[1, { integer }]]) });
  await convert(converter, whole, column([1, 3, 6, 10], T0));
  await refused(converter, whole, column([0, 0, 0, 0], T0 + SECOND));
  const { column: histogram } = await convert(converter, whole, column([2, 5, 9, 14], T0 + 2n * SECOND));
  assert.deepEqual(present(histogram, 4), [1, 2, 3, 4]);

  await convert(converter, moved, column([50, undefined], T0));
  await refused(converter, moved, column([undefined, 60], T0 + SECOND, extras(60n)));
  const { column: number } = await convert(converter, moved, column([undefined, 75], T0 + 2n * SECOND));
  assert.deepEqual(present(number, 2), [undefined, 25]);
});

test("batches with streams in common wait for each other, others do not", async () => {
  const converter = newConverter();
  const [m, n] = [streams("m", ["a"]), streams("n", ["a"])];
  await convert(converter, m, column([1], T0));
  await convert(converter, n, column([1], T0));
  const gate = Promise.withResolvers<void>();
  const first = converter.convert(m, column([3], T0 + SECOND), 0, () => gate.promise);
  const order: string[] = [];
  const next = (name: string, of: LayoutStreams, total: number, second: bigint) =>
    converter.convert(of, column([total], T0 + second * SECOND), 0, async (result: Column) => {
      order.push(`${name} ${present(result, 1)[0]}`);
    });
  const waiting = [next("m", m, 6, 2n), next("m", m, 10, 3n)];
  await next("n", n, 2, 1n);
  assert.deepEqual(order, ["n 1"]);
  gate.reject(new Error("refused"));
  await assert.rejects(first, /refused/);
  await Promise.all(waiting);
  assert.deepEqual(order, ["n 1", "m 5", "m 4"]);
});

test("a source that says its total began anew is believed even when the total did not fall", async () => {
  const converter = newConverter();
  const one = streams("m", ["a"]);
  const at = async (second: bigint, value: number, startNs: bigint) => {
    const source = column([value], T0 + second * SECOND, { startNs });
    const { column: converted } = await convert(converter, one, source);
    return present(converted, 1)[0];
  };
  await at(10n, 5, T0);
  assert.equal(await at(20n, 7, T0), 2);
  assert.equal(await at(30n, 9, T0 + 25n * SECOND), 9);
  assert.equal(await at(40n, 12, T0 + 25n * SECOND), 3);
  assert.equal(await at(50n, 14, T0 + 26n * SECOND), 2, "a start before the last point says nothing");
  assert.equal(await at(60n, 15, T0 + 60n * SECOND), 1, "nor does an unknown one");
  assert.equal(await at(70n, 17, T0 + 60n * SECOND), 2, "which is no news later");
});

test("each point may say its own start", async () => {
  const converter = newConverter();
  const two = streams("m", ["a", "b"]);
  const at = async (second: bigint, values: readonly number[], ...starts: bigint[]) => {
    const startTimes = BigUint64Array.from(starts, (s) => (s === 0n ? 0n : T0 + s * SECOND));
    const { column: converted } = await convert(
      converter,
      two,
      column(values, T0 + second * SECOND, { startTimes }),
    );
    return [...present(converted, 2), converted.startAt(0) - T0, converted.startAt(1) - T0];
  };
  await at(10n, [5, 5], 1n, 0n);
  assert.deepEqual(await at(20n, [6, 7], 1n, 0n), [1, 2, 10n * SECOND, 10n * SECOND]);
  assert.deepEqual(await at(30n, [8, 9], 21n, 0n), [8, 2, 20n * SECOND, 20n * SECOND]);
});

test("a first total is kept when its source says that it began while we looked", async () => {
  const auto = async (startNs: bigint, second = 10n) => {
    const converter = newConverter({ initialValue: "auto" });
    const { column: converted } = await convert(
      converter,
      streams("m", ["a"]),
      column([5], T0 + second * SECOND, { startNs }),
    );
    return [present(converted, 1)[0], converted.startAt(0)];
  };
  assert.deepEqual(await auto(T0 + SECOND), [5, T0 + SECOND]);
  assert.equal((await auto(T0 - SECOND))[0], undefined, "it began before we looked");
  assert.equal((await auto(0n))[0], undefined, "nobody knows when");
  assert.equal((await auto(T0 + 10n * SECOND))[0], undefined, "nobody knows when either");
  assert.equal((await auto(T0 + SECOND, 400n))[0], undefined, "it may have been seen and forgotten");
});

test("keep makes every first total a delta", async () => {
  const converter = newConverter({ initialValue: "keep" });
  const source = column([5], T0 + SECOND);
  const { column: converted, counts } = await convert(converter, streams("m", ["a"]), source);
  assert.deepEqual([present(converted, 1)[0], converted.startAt(0)], [5, T0]);
  assert.deepEqual([counts.initialDropped, counts.converted], [0, 1]);
});

test("a staleness of 0 keeps totals for ever", async () => {
  const converter = newConverter({ maxStalenessMs: 0 });
  const one = streams("m", ["a"]);
  await convert(converter, one, column([1], T0), 0);
  const year = 365n * 86_400n * SECOND;
  const { column: converted } = await convert(converter, one, column([3], T0 + year), 1e12);
  assert.deepEqual(present(converted, 1), [2]);
});

test("other buckets begin anew, unless the count shows a reset", async () => {
  const converter = newConverter();
  const at = async (second: bigint, of: LayoutStreams, values: readonly number[]) => {
    const { column: converted, counts } = await convert(converter, of, column(values, T0 + second * SECOND));
    return [present(converted, of.width)[of.width - 2], counts.bucketMismatch];
  };
  const [one, two] = [wholeHistogram([1]), wholeHistogram([1, 2])];
  await at(0n, one, [1, 10, 1]);
  assert.deepEqual(await at(1n, two, [1, 2, 12, 1]), [undefined, 1]);
  assert.deepEqual(await at(2n, two, [1, 2, 13, 1]), [1, 0]);
  assert.deepEqual(await at(3n, one, [1, 4, 1]), [4, 0], "what was counted since the reset");
  assert.deepEqual(await at(4n, two, [1, 4, 5, 1]), [undefined, 1], "no full histogram as a delta");
});

test("a retained column keeps its arrays, others are used again", async () => {
  const converter = newConverter();
  const one = streams("m", ["a"]);
  const at = async (i: number, retain: boolean) => {
    let values: Float64Array | undefined;
    await converter.convert(one, column([i], T0 + BigInt(i) * SECOND), 0, async (result) => {
      values = result.values;
      if (retain) result.retain();
    });
    return values;
  };
  const first = await at(1, true);
  const second = await at(2, false);
  assert.notEqual(first, second);
  await at(3, true);
  assert.notEqual(await at(4, false), first);
});

test("series keys tell types and texts apart, and no order", () => {
  assert.equal(seriesKey({ a: "1", b: 2 }), seriesKey({ b: 2, a: "1" }));
  const different = [
    {},
    { a: "1" },
    { a: 1 },
    { a: 1n },
    { a: true },
    { a: "true" },
    { a: "1", b: "2" },
    { a: '1","b":"2' },
    { a: ["1"] },
    { a: [1n] },
    { a: null },
  ];
  assert.equal(new Set(different.map(seriesKey)).size, different.length);
});
