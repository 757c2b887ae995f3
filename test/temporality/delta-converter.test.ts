import assert from "node:assert/strict";
import { test } from "node:test";
import { ABSENT, Column, PRESENT, Presence } from "../../src/metrics/index.ts";
import { type CumulativeStreams, DeltaConverter, seriesKey } from "../../src/temporality/index.ts";

const SECOND = 1_000_000_000n;
const T0 = 1_700_000_000n * SECOND;

function streams(metric: string, series: readonly string[]): CumulativeStreams {
  const slots = Uint32Array.from(series, (_, i) => i);
  return { width: series.length, numbers: [{ metric, series, slots }], histograms: [], restIsGauges: true };
}

function column(values: readonly (number | undefined)[], timeNs: bigint): Column {
  return new Column({
    values: Float64Array.from(values, (value) => value ?? 0),
    presence: new Presence(Uint8Array.from(values, (value) => (value === undefined ? ABSENT : PRESENT))),
    timeNs,
  });
}

/** The deltas that are there, by slot. */
function deltas({ presence, values }: Column, width: number): (number | undefined)[] {
  return Array.from({ length: width }, (_, i) => (presence.at(i) === PRESENT ? values[i] : undefined));
}

test("streams that nobody has seen for long are forgotten, and their numbers given to others", () => {
  const converter = new DeltaConverter({ maxStalenessMs: 300_000 });
  const many = streams("m", ["a", "b", "c"]);
  const other = streams("n", ["x", "y"]);
  const at = (minute: number, of: CumulativeStreams, values: readonly (number | undefined)[]) => {
    const time = T0 + BigInt(minute) * 60n * SECOND;
    const { column: converted } = converter.convert(of, column(values, time), minute * 60_000);
    const result = deltas(converted, of.width);
    converter.release(converted);
    return result;
  };
  at(0, many, [1, 10, 100]);
  assert.equal(converter.streamCount, 3);
  for (let minute = 1; minute <= 12; minute++) {
    assert.deepEqual(at(minute, many, [1 + minute, undefined, undefined]), [1, undefined, undefined]);
  }
  assert.equal(converter.streamCount, 3, "the layout still has them, so they have numbers, but no totals");
  at(12, other, [7, 8]);
  assert.deepEqual(at(13, other, [8, 10]), [1, 2]);
  assert.deepEqual(at(13, many, [20, 11, 101]), [7, undefined, undefined]);
  assert.deepEqual(at(14, many, [21, 12, 103]), [1, 1, 2]);

  for (let minute = 15; minute <= 40; minute++) at(minute, other, [minute, minute]);
  assert.equal(converter.streamCount, 2);
});

test("points with times of their own are differenced by these", () => {
  const converter = new DeltaConverter({ maxStalenessMs: 300_000 });
  const two = streams("m", ["a", "b"]);
  const at = (second: bigint, values: readonly number[], own: bigint) => {
    const time = T0 + second * SECOND;
    const source = column(values, time).with({ times: BigUint64Array.of(T0 + own * SECOND, 0n) });
    return converter.convert(two, source, 0);
  };
  at(10n, [1, 1], 3n);
  const second = at(20n, [5, 2], 13n).column;
  assert.deepEqual(deltas(second, 2), [4, 1]);
  assert.deepEqual(
    [second.startAt(0), second.startAt(1), second.timeAt(0), second.timeAt(1)],
    [3n, 10n, 13n, 20n].map((s) => T0 + s * SECOND),
  );
  const third = at(30n, [6, 4], 13n);
  assert.deepEqual(deltas(third.column, 2), [undefined, 2]);
  assert.equal(third.counts.outOfOrder, 1);
});

test("several points of one stream in a column follow each other", () => {
  const converter = new DeltaConverter({ maxStalenessMs: 300_000 });
  const three = streams("m", ["a", "a", "a"]);
  const source = column([1, 3, 6], T0).with({
    times: BigUint64Array.of(T0 - 3n * SECOND, T0 - 2n * SECOND, T0 - SECOND),
  });
  const { column: converted } = converter.convert(three, source, 0);
  assert.deepEqual(deltas(converted, 3), [undefined, 2, 3]);
  assert.deepEqual([converted.startAt(1), converted.startAt(2)], [T0 - 3n * SECOND, T0 - 2n * SECOND]);
});

test("nanoseconds of the times survive", () => {
  const converter = new DeltaConverter({ maxStalenessMs: 300_000 });
  const one = streams("m", ["a"]);
  converter.convert(one, column([1], T0 + 123_456_789n), 0);
  const { column: converted } = converter.convert(one, column([2], T0 + SECOND + 1n), 0);
  assert.equal(converted.startAt(0), T0 + 123_456_789n);
  // 300 s and a nanosecond later
  const late = converter.convert(one, column([3], T0 + 301n * SECOND + 2n), 0);
  assert.deepEqual(deltas(late.column, 1), [undefined]);
});

test("what holds for totals only does not go on with the differences", () => {
  const converter = new DeltaConverter({ maxStalenessMs: 300_000 });
  const one: CumulativeStreams = { ...streams("m", ["a"]), width: 2 };
  const source = (total: number, time: bigint) =>
    new Column({
      values: Float64Array.of(total, 5),
      timeNs: time,
      extras: new Map([
        [0, { integer: BigInt(total), min: 1, flags: 4 }],
        [1, { integer: 5n }],
      ]),
    });
  converter.convert(one, source(1, T0), 0);
  const { column: converted } = converter.convert(one, source(3, T0 + SECOND), 0);
  assert.equal(converted.values[0], 2);
  assert.deepEqual(
    [...(converted.extras ?? [])],
    [
      [0, { flags: 4 }],
      [1, { integer: 5n }],
    ],
  );
});

test("a retained column keeps its arrays", () => {
  const converter = new DeltaConverter({ maxStalenessMs: 300_000 });
  const one = streams("m", ["a"]);
  const at = (i: number) => converter.convert(one, column([i], T0 + BigInt(i) * SECOND), 0).column;
  const first = at(1);
  first.retain();
  converter.release(first);
  const second = at(2);
  assert.notEqual(first.values, second.values);
  converter.release(second);
  assert.equal(at(3).values, second.values);
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
