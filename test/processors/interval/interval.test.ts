import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { PermanentError, RetryableError } from "../../../src/component/index.ts";
import {
  AggregationTemporality,
  Batch,
  Column,
  DataPointType,
  type HistogramValue,
  type Layout,
  Presence,
} from "../../../src/metrics/index.ts";
import interval from "../../../src/processors/interval/index.ts";
import { ManualClock } from "../../../src/testing/index.ts";
import { recordingMeter } from "../../kubernetes/recording-meter.ts";
import { recordingLogger } from "../../kubernetes/support.ts";
import { batchOf, linesOf, metricOf } from "../../temporality/processor.ts";
import { T0 } from "../../temporality/support.ts";

const { GAUGE, HISTOGRAM, SUMMARY } = DataPointType;

function running(t: TestContext, config: object = { interval: "60s" }) {
  const clock = new ManualClock(0);
  const logger = recordingLogger();
  const meter = recordingMeter();
  const received: string[][] = [];
  let refusal: Error | undefined;
  const processor = interval.create({
    id: "interval",
    config: interval.config.parse(config),
    logger,
    meter,
    clock,
    reportStatus() {},
    build: { command: "test", version: "0" },
    next: {
      async consume(batch) {
        if (refusal !== undefined) throw refusal;
        received.push(linesOf(batch));
      },
    },
  });
  processor.start?.({ extension: () => undefined });
  t.after(() => processor.shutdown?.(0));
  return {
    clock,
    logger,
    meter,
    processor,
    refuse(error: Error | undefined) {
      refusal = error;
    },
    send: (batch: Batch) => processor.consume(batch),
    /** What was handed on since the last time. */
    got: () => received.splice(0).flat(),
  };
}

const total = (value: number, at: number, attributes = {}) => metricOf("n", [{ value, at, attributes }]);

test("the latest point of each series goes out once an interval, then it is forgotten", async (t) => {
  const it = running(t);
  await it.send(batchOf([total(1, 1)]));
  await it.send(batchOf([total(5, 3)]));
  await it.send(batchOf([total(3, 2)]));
  await it.send(batchOf([total(7, 1, { vm: "b" })]));
  await it.clock.advanceTo(59_999);
  assert.deepEqual(it.got(), []);
  await it.clock.advanceTo(60_000);
  assert.deepEqual(it.got().toSorted(), ["n 5 ?–3", "n 7 ?–1"]);
  await it.clock.advanceTo(120_000);
  assert.deepEqual(it.got(), []);
  await it.send(batchOf([total(9, 121)]));
  await it.clock.advanceTo(180_000);
  assert.deepEqual(it.got(), ["n 9 ?–121"]);
});

test("only what loses nothing by it is thinned out", async (t) => {
  const { DELTA } = AggregationTemporality;
  const histogram: HistogramValue = { buckets: { boundaries: [], counts: [1] }, count: 1, sum: 1 };
  const metrics = [
    total(1, 1),
    metricOf("delta", [{ value: 1, at: 1 }], { temporality: DELTA }),
    metricOf("up_and_down", [{ value: 1, at: 1 }], { isMonotonic: false }),
    metricOf("gauge", [{ value: 1, at: 1 }], { type: GAUGE }),
    metricOf("histogram", [{ value: histogram, at: 1 }], { type: HISTOGRAM }),
    metricOf("delta_histogram", [{ value: histogram, at: 1 }], { type: HISTOGRAM, temporality: DELTA }),
    metricOf("summary", [{ value: { count: 1, sum: 1, quantiles: [] }, at: 1 }], { type: SUMMARY }),
  ];
  const names = (lines: string[]) => lines.map((line) => line.split(" ")[0]);
  const it = running(t);
  await it.send(batchOf(metrics));
  assert.deepEqual(names(it.got()), ["delta", "up_and_down", "delta_histogram"]);
  await it.clock.advanceTo(60_000);
  assert.deepEqual(names(it.got()), ["n", "gauge", "histogram", "summary"]);
  const passing = running(t, { interval: "1s", pass_through: { gauge: true, summary: true } });
  await passing.send(batchOf(metrics));
  assert.deepEqual(names(passing.got()), ["delta", "up_and_down", "gauge", "delta_histogram", "summary"]);
  await passing.clock.advanceTo(1_000);
  assert.deepEqual(names(passing.got()), ["n", "histogram"]);
});

/** Scrapes of one layout, whose arrays are written to again after each. */
function scrapes() {
  const { layout } = batchOf([
    metricOf("n", [
      { value: 0, at: 0, attributes: { vm: "a" } },
      { value: 0, at: 0, attributes: { vm: "b" } },
    ]),
  ]);
  const values = new Float64Array(2);
  return (at: number, a: number | undefined, b: number | undefined, over: Layout = layout) => {
    values.set([a ?? -1, b ?? -1]);
    const states = Uint8Array.of(a === undefined ? 0 : 1, b === undefined ? 0 : 1);
    const presence = a !== undefined && b !== undefined ? Presence.ALL : new Presence(states);
    const timeNs = T0 + BigInt(at) * 1_000_000_000n;
    return Batch.fromColumns(over, new Column({ values, presence, timeNs }));
  };
}

test("scrapes of one layout replace each other, but a series that is missing keeps its last point", async (t) => {
  const it = running(t);
  const scrape = scrapes();
  await it.send(scrape(1, 10, 20));
  await it.send(scrape(2, 11, 21));
  await it.send(scrape(3, 12, undefined));
  await it.send(scrape(4, 13, undefined));
  await it.clock.advanceTo(60_000);
  assert.deepEqual(it.got().toSorted(), ["n 13 ?–4", "n 21 ?–2"]);
});

test("many layouts within an interval do not pile up", async (t) => {
  const it = running(t);
  const scrape = scrapes();
  const { layout } = scrape(0, 0, 0);
  for (let i = 1; i <= 500; i++) await it.send(scrape(i, i, i === 7 ? 7 : undefined, { ...layout }));
  await it.clock.advanceTo(60_000);
  assert.deepEqual(it.got().toSorted(), ["n 500 ?–500", "n 7 ?–7"]);
});

test("what is refused goes out with the next interval, unless later points come", async (t) => {
  const it = running(t);
  await it.send(batchOf([total(1, 1), metricOf("m", [{ value: 1, at: 1 }])]));
  it.refuse(new RetryableError("not now"));
  await it.clock.advanceTo(60_000);
  it.refuse(undefined);
  await it.send(batchOf([total(2, 61)]));
  await it.clock.advanceTo(120_000);
  assert.deepEqual(it.got().toSorted(), ["m 1 ?–1", "n 2 ?–61"]);
  assert.equal(it.logger.lines[0]?.level, "warn");
  await it.send(batchOf([total(3, 121)]));
  it.refuse(new PermanentError("never"));
  await it.clock.advanceTo(180_000);
  it.refuse(undefined);
  await it.clock.advanceTo(240_000);
  assert.deepEqual(it.got(), []);
  assert.equal(await it.meter.total("otelcol_processor_interval_datapoints_dropped"), 1);
});

test("at shutdown what is kept goes out at once, and is counted if nobody takes it", async (t) => {
  const it = running(t);
  await it.send(batchOf([total(1, 1)]));
  await it.processor.shutdown?.(0);
  assert.deepEqual(it.got(), ["n 1 ?–1"]);
  await it.clock.advanceTo(600_000);
  assert.deepEqual(it.got(), []);
  const other = running(t);
  await other.send(batchOf([total(1, 1)]));
  other.refuse(new RetryableError("not now"));
  await other.processor.shutdown?.(0);
  assert.equal(await other.meter.total("otelcol_processor_interval_datapoints_dropped"), 1);
});
