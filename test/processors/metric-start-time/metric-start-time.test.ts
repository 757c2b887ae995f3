import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AggregationTemporality,
  DataPointType,
  type ExponentialHistogramValue,
  type HistogramValue,
} from "../../../src/metrics/index.ts";
import definition from "../../../src/processors/metric-start-time/index.ts";
import { batchOf, linesOf, metricOf, processorOf, type SentPoint } from "../../temporality/processor.ts";
import { T0 } from "../../temporality/support.ts";

const SUBTRACT = { strategy: "subtract_initial_point" };
const GIVEN = { strategy: "start_time_metric" };

/** One point a second; what came of each. */
async function startsOf(
  values: readonly (SentPoint["value"] | Partial<SentPoint>)[],
  config = {},
  options = {},
) {
  const to = processorOf(definition, config);
  const lines: string[] = [];
  for (const [i, value] of values.entries()) {
    const isPoint =
      typeof value === "object" && value !== null && ("at" in value || "flags" in value || "from" in value);
    const point = {
      value: isPoint ? 0 : value,
      at: i + 1,
      ...(isPoint ? (value as Partial<SentPoint>) : {}),
    };
    lines.push(linesOf(await to.send(batchOf([metricOf("m", [point as SentPoint], options)])))[0] ?? "-");
  }
  return { lines, to };
}

test("true_reset_point: a total starts with its first point, and anew with one that fell", async () => {
  const { lines, to } = await startsOf([120, 126, 126, 4, 5]);
  assert.deepEqual(lines, ["m 120 1–1", "m 126 1–2", "m 126 1–3", "m 4 4–4", "m 5 4–5"]);
  assert.equal(await to.meter.total("otelcol_metricstarttime_starts", { cause: "first" }), 1);
  assert.equal(await to.meter.total("otelcol_metricstarttime_starts", { cause: "reset" }), 1);
});

test("subtract_initial_point: the first value is taken off until a reset", async () => {
  const { lines } = await startsOf([120, 126, 130, 4, 5], SUBTRACT);
  assert.deepEqual(lines, ["-", "m 6 1–2", "m 10 1–3", "m 4 3.999–4", "m 5 3.999–5"]);
});

test("start_time_metric: the process of the same resource says when", async () => {
  const to = processorOf(definition, GIVEN);
  const at = async (second: number, value: number, started?: number) => {
    const metrics = [metricOf("m", [{ value, at: second }])];
    if (started !== undefined) {
      const seconds = Number(T0) / 1e9 + started;
      metrics.push(
        metricOf("process_start_time_seconds", [{ value: seconds, at: second }], {
          type: DataPointType.GAUGE,
        }),
      );
    }
    return linesOf(await to.send(batchOf(metrics)))[0];
  };
  assert.equal(await at(10, 120, -50), "m 120 -50–10");
  assert.equal(await at(20, 126, -50), "m 126 -50–20");
  assert.equal(await at(30, 127), "m 127 -50–30", "what is known stays");
  assert.equal(await at(40, 4, -50), "m 4 40–40", "a total that fell by itself");
  assert.equal(await at(50, 5, -50), "m 5 40–50");
  assert.equal(await at(60, 2, 55), "m 2 55–60", "a process that was restarted");
  assert.equal(await at(70, 9, 65), "m 9 65–70", "likewise, without a fall");
});

test("start_time_metric: else the collector's start, at most the point's time; the name may be chosen", async () => {
  const { lines } = await startsOf([1], GIVEN);
  assert.deepEqual(lines, ["m 1 0–1"]);
  const to = processorOf(definition, { ...GIVEN, start_time_metric_regex: "_started$" });
  const named = async (name: string, offset: number) => {
    const value = Number(T0) / 1e9 + offset;
    const start = metricOf(name, [{ value, at: 5 }], { type: DataPointType.GAUGE });
    const batch = batchOf([metricOf(`${name}.m`, [{ value: 1, at: 5 }]), start]);
    return linesOf(await to.send(batch))[0]
      ?.split(" ")
      .at(-1);
  };
  assert.equal(await named("job_started", -7), "-7–5");
  assert.equal(await named("process_start_time_seconds", -7), "0–5");
  assert.equal(await named("x_started", 9), "5–5");
  assert.equal(definition.config.safeParse({ start_time_metric_regex: "(" }).success, false);
});

test("points that have a start, and what is no total, pass as they are", async () => {
  const to = processorOf(definition);
  const { UNSPECIFIED, DELTA } = AggregationTemporality;
  const batch = batchOf([
    metricOf("own", [{ value: 1, from: -3, at: 1 }]),
    metricOf("none", [{ value: 1, at: 1 }]),
    metricOf("delta", [{ value: 1, at: 1 }], { temporality: DELTA }),
    metricOf("may_fall", [{ value: 1, at: 1 }], { isMonotonic: false }),
    metricOf("gauge", [{ value: 1, at: 1 }], { type: DataPointType.GAUGE, temporality: UNSPECIFIED }),
  ]);
  assert.deepEqual(linesOf(await to.send(batch)), [
    "own 1 -3–1",
    "none 1 1–1",
    "delta 1 ?–1",
    "may_fall 1 ?–1",
    "gauge 1 ?–1",
  ]);
  const untouched = batchOf([metricOf("gauge", [{ value: 1, at: 1 }], { type: DataPointType.GAUGE })]);
  assert.equal(await to.send(untouched), untouched);
});

test("stale markers get the start and end nothing", async () => {
  const { lines } = await startsOf([1, { flags: 1 }, 3]);
  assert.deepEqual(lines, ["m 1 1–1", "m stale 1–2", "m 3 1–3"]);
});

test("late points and points without a value change nothing", async () => {
  const late = { value: 50, at: 1.5 };
  assert.deepEqual((await startsOf([100, 101, late, 102])).lines, [
    "m 100 1–1",
    "m 101 1–2",
    "m 50 1–1.5",
    "m 102 1–4",
  ]);
  const { lines, to } = await startsOf([100, 101, late, Number.NaN, 102], SUBTRACT);
  assert.deepEqual(lines, ["-", "m 1 1–2", "-", "-", "m 2 1–5"]);
  assert.equal(await to.meter.total("otelcol_metricstarttime_datapoints_dropped"), 2);
});

const histogram = (counts: readonly number[], sum: number, boundaries = [1, 2]): HistogramValue => ({
  buckets: { boundaries, counts },
  count: counts.reduce((all, n) => all + n, 0),
  sum,
});

test("a histogram is reset when a bucket falls or the buckets are others", async () => {
  const values = [
    histogram([1, 1, 1], 5),
    histogram([1, 2, 1], 6),
    histogram([0, 9, 1], 9),
    histogram([1, 12], 11, [1]),
    histogram([1, 0, 0], 1),
  ];
  const options = { type: DataPointType.HISTOGRAM };
  const plain = await startsOf(values, {}, options);
  assert.deepEqual(
    plain.lines.map((line) => line.split(" ")[2]),
    ["1–1", "1–2", "3–3", "4–4", "5–5"],
  );
  const { lines } = await startsOf(values, SUBTRACT, options);
  const parsed = lines.map((line) =>
    line === "-" ? line : [JSON.parse(line.split(" ")[1] ?? ""), line.split(" ")[2]],
  );
  assert.deepEqual(parsed, [
    "-",
    [histogram([0, 1, 0], 1), "1–2"],
    [histogram([0, 9, 1], 9), "2.999–3"],
    "-",
    [histogram([1, 0, 0], 1), "4.999–5"],
  ]);
});

test("summaries and exponential histograms likewise", async () => {
  const summary = (count: number, sum: number) => ({ count, sum, quantiles: [{ quantile: 0.5, value: 3 }] });
  const summaries = await startsOf([summary(5, 9), summary(7, 12), summary(1, 2)], SUBTRACT, {
    type: DataPointType.SUMMARY,
    temporality: AggregationTemporality.UNSPECIFIED,
  });
  assert.deepEqual(summaries.lines, [
    "-",
    `m ${JSON.stringify(summary(2, 3))} 1–2`,
    `m ${JSON.stringify(summary(1, 2))} 2.999–3`,
  ]);
  const value = (bucketCounts: number[], sum: number): ExponentialHistogramValue => ({
    count: bucketCounts.reduce((all, n) => all + n, 0),
    sum,
    scale: 0,
    zeroCount: 0,
    positive: { offset: 0, bucketCounts },
    negative: { offset: 0, bucketCounts: [] },
  });
  const exponential = await startsOf([value([1, 2], 4), value([2, 2], 5), value([0, 9], 20)], SUBTRACT, {
    type: DataPointType.EXPONENTIAL_HISTOGRAM,
  });
  assert.deepEqual(exponential.lines, [
    "-",
    `m ${JSON.stringify(value([1, 0], 1))
      .replace('"sum":1,', "")
      .replace(/}$/, ',"sum":1}')} 1–2`,
    `m ${JSON.stringify(value([0, 9], 20))} 2.999–3`,
  ]);
});

test("integers are subtracted exactly", async () => {
  const { lines } = await startsOf([2n ** 60n, 2n ** 60n + 1n, 2n ** 60n + 5n, 3n], SUBTRACT);
  assert.deepEqual(lines, ["-", "m 1n 1–2", "m 5n 1–3", "m 3n 3.999–4"]);
});

test("a series that was silent for gc_interval begins anew, a refused first point is a first one again", async () => {
  const to = processorOf(definition, { gc_interval: "10s" });
  const batch = (value: number, at: number) => batchOf([metricOf("m", [{ value, at }])]);
  await to.refuse(batch(1, 1));
  assert.deepEqual(linesOf(await to.send(batch(2, 2))), ["m 2 2–2"]);
  assert.deepEqual(linesOf(await to.send(batch(3, 12))), ["m 3 2–12"]);
  assert.deepEqual(linesOf(await to.send(batch(4, 23))), ["m 4 23–23"]);
});
