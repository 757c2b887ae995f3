import assert from "node:assert/strict";
import { test } from "node:test";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import type { PushMetricExporter, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { systemClock } from "../../src/component/index.ts";
import {
  DeliveryChain,
  retrySchema,
  type SdkRequest,
  sendingQueueSchema,
  wrapPushMetricExporter,
} from "../../src/delivery/index.ts";
import { AggregationTemporality, Batch, DataPointType, ValueType } from "../../src/metrics/index.ts";
import { countPoints, OtlpSink } from "../support/otlp-sink.ts";
import { gauges, harness, noHost } from "./harness.ts";

async function chainOver(exporter: PushMetricExporter) {
  const h = harness("sdk");
  const chain = new DeliveryChain<SdkRequest>({
    ...wrapPushMetricExporter(exporter, h.settings.logger),
    settings: h.settings,
    queue: sendingQueueSchema.parse({}),
    retry: retrySchema.parse({}),
    timeoutMs: 30_000,
    random: () => 0.5,
  });
  await chain.start(noHost);
  return { ...h, chain };
}

/** Answers the export calls in order; success when there are no more answers. */
function scripted(answers: (Error | undefined)[]) {
  const exported: unknown[] = [];
  const exporter: PushMetricExporter = {
    export(metrics: ResourceMetrics, done: (result: ExportResult) => void) {
      exported.push(metrics.resource.attributes["service.name"]);
      const error = answers.shift();
      done(
        error === undefined ? { code: ExportResultCode.SUCCESS } : { code: ExportResultCode.FAILED, error },
      );
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  return { exporter, exported };
}

test("the SDK's OTLP exporter delivers a batch, one request a resource", async (t) => {
  const sink = await OtlpSink.start();
  t.after(() => sink.close());
  const exporter = new OTLPMetricExporter({ url: `${sink.endpoint}/v1/metrics` });
  t.after(() => exporter.shutdown());
  const { settings, metric } = harness("sdk");
  const chain = new DeliveryChain<SdkRequest>({
    ...wrapPushMetricExporter(exporter, settings.logger),
    settings: { ...settings, clock: systemClock },
    queue: sendingQueueSchema.parse({}),
    retry: retrySchema.parse({}),
    timeoutMs: 30_000,
  });
  await chain.start(noHost);
  await chain.consume(gauges(3, 2));
  const received = [await sink.next(), await sink.next()];
  assert.deepEqual(received.map(countPoints), [3, 2]);
  const metrics = received[0]?.[0]?.scopeMetrics[0]?.metrics;
  assert.equal(metrics?.[0]?.descriptor.name, "g");
  assert.equal(metrics?.[0]?.dataPoints[1]?.value, 1.5);
  assert.deepEqual(metrics?.[0]?.dataPoints[1]?.attributes, { i: "1" });
  await chain.shutdown(30_000);
  assert.equal(await metric("sent_metric_points"), 5);
});

test("a retry leaves out the resources that were delivered", async () => {
  const { exporter, exported } = scripted([undefined, new Error("connection reset")]);
  const { chain, clock, metric } = await chainOver(exporter);
  await chain.consume(gauges(1, 2, 4));
  await clock.advance(5000);
  assert.deepEqual(exported, ["handler-0", "handler-1", "handler-1", "handler-2"]);
  assert.equal(await metric("sent_metric_points"), 7);
  await chain.shutdown(0);
});

test("a status that cannot be retried refuses its resource only", async () => {
  const refused = Object.assign(new Error("Bad Request"), { code: 400 });
  const busy = Object.assign(new Error("Service Unavailable"), { code: 503 });
  const { exporter, exported } = scripted([refused, busy]);
  const { chain, clock, metric, logs } = await chainOver(exporter);
  await chain.consume(gauges(1, 2, 4));
  await clock.advance(5000);
  assert.deepEqual(exported, ["handler-0", "handler-1", "handler-1", "handler-2"]);
  assert.equal(await metric("sent_metric_points"), 6);
  assert.equal(await metric("dropped_metric_points", { reason: "partial_success" }), 1);
  assert.equal(logs.at(-1)?.message, "Partial success response.");
  await chain.shutdown(0);
});

test("a batch that is refused as a whole is dropped", async () => {
  const { exporter } = scripted([Object.assign(new Error("Bad Request"), { code: 400 })]);
  const { chain, clock, metric } = await chainOver(exporter);
  await chain.consume(gauges(3));
  await clock.advance(0);
  assert.equal(await metric("dropped_metric_points", { reason: "permanent" }), 3);
  await chain.shutdown(0);
});

test("what the SDK has no place for is counted, and logged once", async () => {
  const { exporter } = scripted([]);
  const { chain, clock, metric, logs } = await chainOver(exporter);
  const base = { startTime: [0, 0], endTime: [1, 0], attributes: {} } as const;
  const descriptor = { name: "x", description: "", unit: "", valueType: ValueType.DOUBLE };
  const batch = Batch.from([
    {
      resource: { attributes: {} },
      scopeMetrics: [
        {
          scope: { name: "s" },
          metrics: [
            {
              descriptor,
              dataPointType: DataPointType.GAUGE,
              aggregationTemporality: AggregationTemporality.UNSPECIFIED,
              dataPoints: [
                { ...base, value: 1 },
                { ...base, value: Number.NaN, flags: 1 },
              ],
            },
            {
              descriptor,
              dataPointType: DataPointType.SUMMARY,
              aggregationTemporality: AggregationTemporality.UNSPECIFIED,
              dataPoints: [{ ...base, value: { count: 1, sum: 1, quantiles: [] } }],
            },
          ],
        },
      ],
    },
  ]);
  await chain.consume(batch);
  await chain.consume(batch);
  await clock.advance(0);
  assert.equal(await metric("sent_metric_points"), 2);
  assert.equal(await metric("dropped_metric_points", { reason: "unsupported" }), 4);
  assert.equal(logs.length, 1);
  await chain.shutdown(0);
});
