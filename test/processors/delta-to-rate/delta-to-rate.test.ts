import assert from "node:assert/strict";
import { test } from "node:test";
import { AggregationTemporality, DataPointType, ValueType } from "../../../src/metrics/index.ts";
import deltatorate from "../../../src/processors/delta-to-rate/index.ts";
import { runProcessor } from "../../support/processor-harness.ts";
import { batchOf, linesOf, metricOf, processorOf } from "../../temporality/processor.ts";

const delta = { temporality: AggregationTemporality.DELTA };

test("a delta becomes what came in a second", async () => {
  const to = processorOf(deltatorate, { metrics: ["rx", "tx"] });
  const sent = await to.send(
    batchOf([
      metricOf(
        "rx",
        [
          { value: 600, from: 0, at: 30 },
          { value: 5n, from: 0, at: 2, attributes: { a: 1 } },
        ],
        delta,
      ),
      metricOf("tx", [{ value: 1, from: 0, at: 0.5 }], { ...delta, isMonotonic: false }),
      metricOf("other", [{ value: 600, from: 0, at: 30 }], delta),
    ]),
  );
  assert.deepEqual(linesOf(sent), ["rx 20 0–30", "rx 2.5 0–2", "tx 2 0–0.5", "other 600 0–30"]);
  const [rx, , other] = sent?.resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? [];
  assert.equal(rx?.dataPointType, DataPointType.GAUGE);
  assert.equal(rx?.descriptor.valueType, ValueType.DOUBLE);
  assert.equal(rx?.descriptor.unit, "1/s");
  assert.equal(other?.dataPointType, DataPointType.SUM);
});

test("a shared start and time serve all points, scrape after scrape", async () => {
  const to = processorOf(deltatorate, { metrics: ["rx"] });
  const batch = (value: number, at: number) =>
    batchOf([metricOf("rx", [{ value, from: at - 10, at }], delta)]);
  assert.deepEqual(linesOf(await to.send(batch(10, 10))), ["rx 1 0–10"]);
  assert.deepEqual(linesOf(await to.send(batch(30, 20))), ["rx 3 10–20"]);
});

test("without a length there is no rate: the point is dropped and counted", async () => {
  const to = processorOf(deltatorate, { metrics: ["rx"] });
  const points = [
    { value: 1, at: 5 },
    { value: 2, from: 5, at: 5 },
    { value: 3, from: 6, at: 5 },
  ];
  const sent = await to.send(
    batchOf([metricOf("rx", points, delta), metricOf("other", [{ value: 1, at: 1 }])]),
  );
  assert.deepEqual(linesOf(sent), ["other 1 ?–1"]);
  assert.equal(await to.meter.total("otelcol_processor_deltatorate_datapoints_dropped"), 3);
  assert.equal(await to.send(batchOf([metricOf("rx", points, delta)])), undefined);
});

test("stale markers pass, and metrics of another kind too, which is logged once", async (t) => {
  const to = processorOf(deltatorate, { metrics: ["rx"] });
  const stale = await to.send(batchOf([metricOf("rx", [{ value: 0, at: 5, flags: 1 }], delta)]));
  assert.deepEqual(linesOf(stale), ["rx stale ?–5"]);
  const { send, logger } = await runProcessor(t, deltatorate, { metrics: ["rx"] });
  const total = () => batchOf([metricOf("rx", [{ value: 7, from: 0, at: 5 }])]);
  assert.deepEqual(linesOf(await send(total())), ["rx 7 0–5"]);
  await send(total());
  assert.deepEqual(
    logger.lines.map(({ level }) => level),
    ["warn"],
  );
});
