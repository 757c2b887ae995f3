import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  AggregationTemporality,
  DataPointType,
  type ExponentialHistogramValue,
  type HistogramValue,
} from "../../../src/metrics/index.ts";
import cumulativeToDelta from "../../../src/processors/cumulative-to-delta/index.ts";
import definition from "../../../src/processors/delta-to-cumulative/index.ts";
import { batchOf, linesOf, metricOf, processorOf, type SentPoint } from "../../temporality/processor.ts";

const { DELTA, CUMULATIVE } = AggregationTemporality;
const delta = (points: readonly SentPoint[], type: DataPointType = DataPointType.SUM) =>
  batchOf([metricOf("m", points, { temporality: DELTA, type })]);

/** One delta a second, each starting where the one before ended. */
async function totalsOf(values: readonly unknown[], config = {}, type?: DataPointType) {
  const to = processorOf(definition, config);
  const lines: string[] = [];
  for (const [i, value] of values.entries()) {
    lines.push(linesOf(await to.send(delta([{ value, from: i, at: i + 1 }], type)))[0] ?? "-");
  }
  return { lines, to };
}

const dropped = (to: ReturnType<typeof processorOf>, reason: string) =>
  to.meter.total("otelcol_deltatocumulative_datapoints_dropped", { reason });

test("deltas add up to a total that starts with the first", async () => {
  const { lines, to } = await totalsOf([6, 4, 0, 2.5]);
  assert.deepEqual(lines, ["m 6 0–1", "m 10 0–2", "m 10 0–3", "m 12.5 0–4"]);
  assert.equal(await to.meter.total("otelcol_deltatocumulative_datapoints"), 4);
  const sent = await to.send(delta([{ value: 1, from: 4, at: 5 }]));
  assert.equal(sent?.resourceMetrics[0]?.scopeMetrics[0]?.metrics[0]?.aggregationTemporality, CUMULATIVE);
});

test("sums that may fall are added up too; totals and gauges pass", async () => {
  const to = processorOf(definition);
  const batch = (at: number, value: number) =>
    batchOf([
      metricOf("d", [{ value, from: at - 1, at }], { temporality: DELTA, isMonotonic: false }),
      metricOf("c", [{ value, at }]),
      metricOf("g", [{ value, at }], { type: DataPointType.GAUGE }),
    ]);
  await to.send(batch(1, 5));
  assert.deepEqual(linesOf(await to.send(batch(2, -2))), ["d 3 0–2", "c -2 ?–2", "g -2 ?–2"]);
  const untouched = batchOf([metricOf("c", [{ value: 1, at: 1 }])]);
  assert.equal(await to.send(untouched), untouched);
});

test("late deltas and those from before the total are dropped, gaps are counted", async () => {
  const to = processorOf(definition);
  const at = async (from: number, second: number, value: number) =>
    linesOf(await to.send(delta([{ value, from, at: second }])))[0];
  assert.equal(await at(10, 20, 1), "m 1 10–20");
  assert.equal(await at(10, 20, 1), undefined);
  assert.equal(await at(12, 15, 1), undefined);
  assert.equal(await at(5, 30, 100), undefined);
  assert.equal(await at(25, 35, 2), "m 3 10–35");
  assert.equal(await dropped(to, "out_of_order"), 2);
  assert.equal(await dropped(to, "older_start"), 1);
  assert.equal(await to.meter.total("otelcol_deltatocumulative_gaps"), 1);
});

test("a series that was silent for too long begins a new total", async () => {
  const to = processorOf(definition, { max_stale: "10s" });
  const at = async (from: number, second: number, value: number) =>
    linesOf(await to.send(delta([{ value, from, at: second }])))[0];
  await at(0, 1, 5);
  assert.equal(await at(1, 11, 1), "m 6 0–11");
  assert.equal(await at(20, 22, 3), "m 3 20–22");
});

test("there are no more than max_streams series, and room is made by those that are gone", async () => {
  const to = processorOf(definition, { max_streams: 2, max_stale: "10s" });
  const at = async (second: number, ...pods: string[]) => {
    const points = pods.map((pod) => ({ value: 1, from: second - 1, at: second, attributes: { pod } }));
    return linesOf(await to.send(delta(points))).length;
  };
  assert.equal(await at(1, "a", "b", "c"), 2);
  assert.equal(await at(2, "a", "b", "c"), 2);
  assert.equal(await dropped(to, "limit"), 2);
  for (const second of [13, 24, 35]) {
    to.pass(11_000);
    await at(second, "a");
  }
  assert.equal(await at(36, "a", "c"), 2);
  assert.equal(await to.meter.total("otelcol_deltatocumulative_streams_tracked"), 2);
});

test("histograms add up bucket by bucket, with the extremes of all", async () => {
  const value = (counts: readonly number[], sum: number | undefined, more = {}): HistogramValue => ({
    buckets: { boundaries: [1, 2], counts },
    count: counts.reduce((all, n) => all + n, 0),
    ...(sum !== undefined && { sum }),
    ...more,
  });
  const { lines } = await totalsOf(
    [
      value([1, 0, 2], 10, { min: 1, max: 9 }),
      value([1, 3, 0], 3, { min: 0, max: 2 }),
      value([0, 0, 1], undefined),
      value([0, 0, 1], 5),
      { buckets: { boundaries: [5], counts: [1, 1] }, count: 2, sum: 7 },
    ],
    {},
    DataPointType.HISTOGRAM,
  );
  const parsed = lines.map((line) => [JSON.parse(line.split(" ")[1] ?? ""), line.split(" ")[2]]);
  assert.deepEqual(parsed, [
    [value([1, 0, 2], 10, { min: 1, max: 9 }), "0–1"],
    [value([2, 3, 2], 13, { min: 0, max: 9 }), "0–2"],
    [value([2, 3, 3], undefined), "0–3"],
    [value([2, 3, 4], undefined), "0–4"],
    [{ buckets: { boundaries: [5], counts: [1, 1] }, count: 2, sum: 7 }, "4–5"],
  ]);
});

test("exponential histograms add up", async () => {
  const value = (scale: number, bucketCounts: number[], sum: number): ExponentialHistogramValue => ({
    count: bucketCounts.reduce((all, n) => all + n, 0),
    sum,
    scale,
    zeroCount: 0,
    positive: { offset: 0, bucketCounts },
    negative: { offset: 0, bucketCounts: [] },
  });
  const { lines } = await totalsOf(
    [value(1, [1, 2, 0, 4], 9), value(0, [1, 1], 3)],
    {},
    DataPointType.EXPONENTIAL_HISTOGRAM,
  );
  const total = JSON.parse(lines[1]?.split(" ")[1] ?? "") as ExponentialHistogramValue;
  assert.deepEqual([total.count, total.sum, total.scale, total.positive.bucketCounts], [9, 12, 0, [4, 5]]);
});

test("what is no number does not spoil a total; integers stay exact", async () => {
  const numbers = await totalsOf([1, Number.NaN, Number.POSITIVE_INFINITY, 2]);
  assert.deepEqual(numbers.lines, ["m 1 0–1", "-", "-", "m 3 0–4"]);
  assert.equal(await dropped(numbers.to, "not_finite"), 2);
  const integers = await totalsOf([2n ** 60n, 1n, 1n]);
  assert.deepEqual(integers.lines.at(-1), `m ${2n ** 60n + 2n}n 0–3`);
});

test("a refused batch leaves no trace", async () => {
  const to = processorOf(definition);
  await to.send(delta([{ value: 1, from: 0, at: 1 }]));
  await to.refuse(delta([{ value: 2, from: 1, at: 2 }]));
  assert.deepEqual(linesOf(await to.send(delta([{ value: 2, from: 1, at: 2 }]))), ["m 3 0–2"]);
  await to.refuse(delta([{ value: 4, from: 2, at: 3 }]));
  assert.deepEqual(linesOf(await to.send(delta([{ value: 9, from: 2, at: 4 }]))), ["m 12 0–4"]);
});

test("stale markers pass with the start of their series", async () => {
  const to = processorOf(definition);
  await to.send(delta([{ value: 1, from: 0, at: 1 }]));
  assert.deepEqual(linesOf(await to.send(delta([{ value: 0, at: 2, flags: 1 }]))), ["m stale 0–2"]);
});

test("deltas of any totals add up to them again, whatever is refused on the way", async () => {
  const step = fc.record({ rise: fc.nat(20), reset: fc.boolean(), refused: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
      const deltas = processorOf(cumulativeToDelta);
      const totals = processorOf(definition);
      await deltas.send(batchOf([metricOf("m", [{ value: 0, at: 0 }])]));
      let value = 0;
      let observed = 0;
      let outstanding = false;
      for (const [i, { rise, reset, refused }] of steps.entries()) {
        // A reset can be seen only if the total is lower than the last one that was taken, and takes along what it
        // rose by since then.
        const falls = reset && !refused && !outstanding && rise < value;
        outstanding = refused;
        value = falls ? rise : value + rise;
        observed += rise;
        const source = batchOf([metricOf("m", [{ value, at: i + 1 }])]);
        if (refused) {
          await deltas.refuse(source);
          continue;
        }
        const sent = await deltas.send(source);
        if (sent === undefined) continue;
        const [line] = linesOf(await totals.send(sent));
        assert.equal(line?.split(" ")[1], String(observed));
      }
    }),
  );
});
