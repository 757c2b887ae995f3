import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AggregationTemporality,
  Batch,
  DataPointType,
  type HistogramValue,
} from "../../../src/metrics/index.ts";
import definition from "../../../src/processors/cumulative-to-delta/index.ts";
import { batchOf, linesOf, metricOf, processorOf, type SentPoint } from "../../temporality/processor.ts";
import { SECOND, T0 } from "../../temporality/support.ts";

const histogram = (counts: readonly number[], sum: number, bounds = [1, 2]): HistogramValue => ({
  buckets: { boundaries: bounds, counts },
  count: counts.reduce((all, n) => all + n, 0),
  sum,
});

/** Sends one point of one metric at each second; what came of each. */
async function deltasOf(points: readonly Omit<SentPoint, "at">[], config = {}, type?: DataPointType) {
  const to = processorOf(definition, config);
  const lines: string[] = [];
  for (const [i, point] of points.entries()) {
    const sent = await to.send(
      batchOf([metricOf("m", [{ at: i + 1, ...point }], { ...(type !== undefined && { type }) })]),
    );
    lines.push(linesOf(sent)[0] ?? "-");
  }
  return { lines, to };
}

test("differences start where the one before ended; a reset keeps its value", async () => {
  const { lines, to } = await deltasOf([{ value: 120 }, { value: 126 }, { value: 126 }, { value: 4 }]);
  assert.deepEqual(lines, ["-", "m 6 1–2", "m 0 2–3", "m 4 3–4"]);
  assert.equal(await to.meter.total("otelcol_cumulativetodelta_datapoints"), 3);
  assert.equal(
    await to.meter.total("otelcol_cumulativetodelta_datapoints_dropped", { reason: "initial" }),
    1,
  );
  assert.equal(await to.meter.total("otelcol_cumulativetodelta_streams_tracked"), 1);
});

test("only running totals are converted, the rest passes", async () => {
  const to = processorOf(definition);
  const { DELTA, UNSPECIFIED } = AggregationTemporality;
  const batch = (at: number) =>
    batchOf([
      metricOf("sum", [{ value: at, at }]),
      metricOf("up_and_down", [{ value: at, at }], { isMonotonic: false }),
      metricOf("delta", [{ value: at, at }], { temporality: DELTA }),
      metricOf("gauge", [{ value: at, at }], { type: DataPointType.GAUGE, temporality: UNSPECIFIED }),
    ]);
  await to.send(batch(1));
  const sent = await to.send(batch(3));
  assert.deepEqual(linesOf(sent), ["sum 2 1–3", "up_and_down 3 ?–3", "delta 3 ?–3", "gauge 3 ?–3"]);
  const temporalities = sent?.resourceMetrics[0]?.scopeMetrics[0]?.metrics.map(
    ({ aggregationTemporality }) => aggregationTemporality,
  );
  assert.deepEqual(temporalities, [DELTA, AggregationTemporality.CUMULATIVE, DELTA, UNSPECIFIED]);
  const untouched = batchOf([metricOf("gauge", [{ value: 1, at: 1 }], { type: DataPointType.GAUGE })]);
  assert.equal(await to.send(untouched), untouched);
});

/** Two scrapes of a counter beside others, of one layout and without start times. */
async function scrapedTwice() {
  const to = processorOf(definition);
  const { layout, column } = batchOf([
    metricOf("sum", [{ value: 5, at: 0 }]),
    metricOf("gauge", [{ value: 7, at: 0 }], { type: DataPointType.GAUGE }),
    metricOf("up_and_down", [{ value: 8, at: 0 }], { isMonotonic: false }),
  ]);
  const at = (second: bigint) => Batch.fromColumns(layout, column.with({ timeNs: T0 + second * SECOND }));
  await to.send(at(10n));
  return await to.send(at(40n));
}

test("what stands beside deltas gets no start time from them", async () => {
  const sent = await scrapedTwice();
  assert.deepEqual(linesOf(sent), ["sum 0 10–40", "gauge 7 ?–40", "up_and_down 8 ?–40"]);
});

test("include and exclude choose by name and by kind, and exclude wins", async () => {
  const converted = async (config: object) => {
    const to = processorOf(definition, config);
    const batch = (at: number) =>
      batchOf([
        metricOf("a.x", [{ value: at, at }]),
        metricOf("a.y", [{ value: at, at }]),
        metricOf("h", [{ value: histogram([at, 0, 0], at), at }], { type: DataPointType.HISTOGRAM }),
      ]);
    await to.send(batch(1));
    const sent = await to.send(batch(2));
    return sent?.resourceMetrics[0]?.scopeMetrics[0]?.metrics
      .filter(({ aggregationTemporality }) => aggregationTemporality === AggregationTemporality.DELTA)
      .map(({ descriptor }) => descriptor.name);
  };
  assert.deepEqual(await converted({}), ["a.x", "a.y", "h"]);
  assert.deepEqual(await converted({ include: { metrics: ["a.x"], match_type: "strict" } }), ["a.x"]);
  assert.deepEqual(await converted({ include: { metrics: ["."], match_type: "strict" } }), []);
  assert.deepEqual(await converted({ include: { metrics: ["^a\\."], match_type: "regexp" } }), [
    "a.x",
    "a.y",
  ]);
  assert.deepEqual(await converted({ include: { metric_types: ["histogram"] } }), ["h"]);
  assert.deepEqual(await converted({ exclude: { metric_types: ["histogram"] } }), ["a.x", "a.y"]);
  const both = {
    include: { metrics: ["a"], match_type: "regexp" },
    exclude: { metrics: ["y$"], match_type: "regexp" },
  };
  assert.deepEqual(await converted(both), ["a.x"]);
  const narrow = { include: { metrics: ["a"], match_type: "regexp", metric_types: ["histogram"] } };
  assert.deepEqual(await converted(narrow), []);
});

test("a choice that cannot be is refused", () => {
  const message = (config: object) => definition.config.safeParse(config).error?.issues[0]?.message ?? "";
  assert.match(message({ include: { metrics: ["a"] } }), /is required with metrics/);
  assert.match(message({ include: { metrics: ["("], match_type: "regexp" } }), /invalid regular expression/);
  assert.notEqual(message({ include: { metrics: ["a"], match_type: "glob" } }), "");
  assert.notEqual(message({ include: { metric_types: ["gauge"] } }), "");
  assert.notEqual(message({ initial_value: "first" }), "");
});

test("initial values: auto trusts the source's start, keep everything, drop nothing", async () => {
  const first = async (initial_value: string, from?: number) =>
    (await deltasOf([{ value: 7, ...(from !== undefined && { from }) }], { initial_value })).lines[0];
  assert.equal(await first("auto", 0.5), "m 7 0.5–1");
  assert.equal(await first("auto", -5), "-");
  assert.equal(await first("auto"), "-");
  assert.equal(await first("keep", -5), "m 7 -5–1");
  assert.equal(await first("keep"), "m 7 0–1");
  assert.equal(await first("drop", 0.5), "-");
});

test("a histogram is never sent as a whole, but after a reset, also one of a single bucket", async () => {
  const { lines, to } = await deltasOf(
    [
      { value: histogram([5, 5, 5], 50) },
      { value: histogram([5, 6, 5], 52) },
      { value: histogram([4, 9, 9], 70) },
      { value: histogram([4, 10], 71, [1]) },
      { value: histogram([4, 19, 1], 80) },
      { value: histogram([5, 19, 1], 81) },
    ],
    {},
    DataPointType.HISTOGRAM,
  );
  const value = (line: string | undefined) => JSON.parse(line?.split(" ")[1] ?? "null") as HistogramValue;
  assert.equal(lines[0], "-");
  assert.deepEqual(value(lines[1]), histogram([0, 1, 0], 2));
  assert.deepEqual(value(lines[2]), histogram([4, 9, 9], 70), "a bucket fell while the count rose");
  assert.deepEqual(value(lines[3]), histogram([4, 10], 71, [1]), "other buckets and a count that fell");
  assert.equal(lines[4], "-", "other buckets and a count that rose");
  assert.deepEqual(value(lines[5]), histogram([1, 0, 0], 1));
  assert.equal(
    await to.meter.total("otelcol_cumulativetodelta_datapoints_dropped", { reason: "bucket_mismatch" }),
    1,
  );
});

test("late points are no resets", async () => {
  const to = processorOf(definition);
  const at = async (second: number, value: number) =>
    linesOf(await to.send(batchOf([metricOf("m", [{ value, at: second }])])))[0];
  await at(10, 100);
  assert.equal(await at(5, 50), undefined);
  assert.equal(await at(20, 101), "m 1 10–20");
  assert.equal(
    await to.meter.total("otelcol_cumulativetodelta_datapoints_dropped", { reason: "out_of_order" }),
    1,
  );
});

test("the same series of another resource, unit or scope is another stream", async () => {
  const to = processorOf(definition);
  const send = async (at: number, value: number, unit: string, resource: object) =>
    linesOf(await to.send(batchOf([metricOf("m", [{ value, at }], { unit })], { ...resource })))[0];
  for (const [unit, resource] of [
    ["s", { pod: "a" }],
    ["s", { pod: "b" }],
    ["ms", { pod: "a" }],
  ] as const) {
    assert.equal(await send(1, 5, unit, resource), undefined);
    assert.equal(await send(2, 6, unit, resource), "m 1 1–2");
  }
});

test("integers stay integers", async () => {
  const big = 2n ** 62n;
  const { lines } = await deltasOf([{ value: big }, { value: big + 3n }, { value: 2n }]);
  assert.deepEqual(lines, ["-", "m 3n 1–2", "m 2n 2–3"]);
});

test("memory is bounded: series that are gone for max_staleness are forgotten", async () => {
  const to = processorOf(definition, { max_staleness: "1m" });
  const series = (i: number) => ({ attributes: { pod: `p${i}` } });
  for (let i = 0; i < 50; i++) {
    to.pass(30_000);
    await to.send(batchOf([metricOf("m", [{ value: 1, at: i * 30, ...series(i) }])]));
  }
  const tracked = await to.meter.total("otelcol_cumulativetodelta_streams_tracked");
  assert.ok(tracked <= 6, `${tracked} streams`);
});

test("what is refused is covered by the next delta, whether or not it comes again", async () => {
  const to = processorOf(definition);
  const batch = (at: number, value: number) => batchOf([metricOf("m", [{ value, at }])]);
  await to.send(batch(1, 10));
  assert.match(String(await to.refuse(batch(2, 12))), /refused/);
  assert.deepEqual(linesOf(await to.send(batch(3, 15))), ["m 5 1–3"]);
  await to.refuse(batch(4, 20));
  assert.deepEqual(linesOf(await to.send(batch(4, 20))), ["m 5 3–4"]);
});

test("stale markers of totals are not sent and end nothing", async () => {
  const { lines } = await deltasOf([{ value: 1 }, { value: 0, flags: 1 }, { value: 5 }]);
  assert.deepEqual(lines, ["-", "-", "m 4 1–3"]);
});
