import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricProducer,
  MetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import { startVirtHandler } from "../../examples/virt-handler-sim/index.ts";
import { type Consumer, defineReceiver } from "../../src/component/index.ts";
import { z } from "../../src/config/index.ts";
import { Batch } from "../../src/metrics/index.ts";
import { exporterOfPush, ReceiverMetricProducer, receiverOfProducer } from "../../src/sdk/index.ts";
import { loadConfig, Service } from "../../src/service/index.ts";
import { ManualClock } from "../../src/testing/index.ts";
import { recordingMeter } from "../kubernetes/recording-meter.ts";
import { recordingLogger } from "../kubernetes/support.ts";
import { batchOf, gauge, point } from "../ottl/support.ts";
import { ensureBuilt } from "../support/built-tree.ts";
import { temporaryDirectory } from "../support/certificates.ts";
import { gaugeBatch, quiet, recordingComponents } from "../support/components.ts";
import { OtlpSink } from "../support/otlp-sink.ts";

async function serviceOf(components: Parameters<typeof loadConfig>[1], yaml: string): Promise<Service> {
  const { config } = await loadConfig({ uris: [`yaml:${yaml}`], env: {}, cwd: "." }, components);
  assert.ok(config);
  return new Service(config, quiet);
}

test("an SDK exporter is an exporter", async (t) => {
  const sink = await OtlpSink.start();
  t.after(() => sink.close());
  const exporter = exporterOfPush(
    "sdk",
    { url: z.string().describe("Where to.") },
    ({ url }) => new OTLPMetricExporter({ url }),
  );
  const { components, recorded } = recordingComponents();
  const service = await serviceOf(
    { ...components, exporters: [exporter] },
    `receivers: { rec: }
exporters: { sdk: { url: "${sink.endpoint}/v1/metrics" } }
service: { pipelines: { metrics: { receivers: [rec], exporters: [sdk] } } }`,
  );
  await service.start();
  await recorded.outlets.get("rec")?.consume(Batch.from(gaugeBatch("sdk.gauge", 7)));
  assert.deepEqual(await service.shutdown(), []);
  assert.equal(sink.batches[0]?.[0]?.scopeMetrics[0]?.metrics[0]?.descriptor.name, "sdk.gauge");
});

test("what an SDK exporter has not delivered goes on in the one that a reload puts in its place", async () => {
  const taken = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const attempted = Promise.withResolvers<void>();
  const away: PushMetricExporter = {
    export: (_metrics, done) => {
      attempted.resolve();
      done({ code: 1, error: new Error("away") });
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const exporter = exporterOfPush("sdk", { url: z.string() }, ({ url }) => (url === "away" ? away : taken));
  const { components, recorded } = recordingComponents();
  const configOf = async (url: string) => {
    const yaml = `receivers: { rec: }
exporters: { sdk: { url: ${url} } }
service: { pipelines: { metrics: { receivers: [rec], exporters: [sdk] } } }`;
    const set = { ...components, exporters: [exporter] };
    const { config } = await loadConfig({ uris: [`yaml:${yaml}`], env: {}, cwd: "." }, set);
    assert.ok(config);
    return config;
  };
  const service = new Service(await configOf("away"), quiet);
  await service.start();
  await recorded.outlets.get("rec")?.consume(Batch.from(gaugeBatch("sdk.gauge", 7)));
  await attempted.promise;
  const exported = new Promise<void>((resolve) => {
    const original = taken.export.bind(taken);
    taken.export = (metrics, done) => {
      original(metrics, done);
      resolve();
    };
  });
  await service.reload(await configOf("here"));
  await exported;
  assert.equal(taken.getMetrics()[0]?.scopeMetrics[0]?.metrics[0]?.descriptor.name, "sdk.gauge");
  assert.deepEqual(await service.shutdown(), []);
});

class CollectReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

test("a MetricProducer is a receiver", async () => {
  const reader = new CollectReader();
  const provider = new MeterProvider({ readers: [reader] });
  provider.getMeter("m").createCounter("requests").add(3);
  const producer: MetricProducer = { collect: () => reader.collect() };
  const { components, recorded } = recordingComponents();
  const arrived = Promise.withResolvers<void>();
  recorded.behaviour.set("rec", async () => arrived.resolve());
  const service = await serviceOf(
    { ...components, receivers: [receiverOfProducer("producer", () => producer)] },
    `receivers: { producer: { collection_interval: 100ms } }
exporters: { rec: }
service: { pipelines: { metrics: { receivers: [producer], exporters: [rec] } } }`,
  );
  await service.start();
  await arrived.promise;
  await service.shutdown();
  const [metric] = recorded.received.get("rec")?.[0]?.resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? [];
  assert.equal(metric?.descriptor.name, "requests");
  assert.equal(metric?.dataPoints[0]?.value, 3);
  await provider.shutdown();
});

test("a MetricProducer that never answers holds up no shutdown beyond its time, and that is told", async () => {
  const clock = new ManualClock(0);
  const logger = recordingLogger();
  const handedOn: Batch[] = [];
  const answer = Promise.withResolvers<{ resourceMetrics: never; errors: [] }>();
  const definition = receiverOfProducer("producer", () => ({ collect: () => answer.promise }));
  const receiver = definition.create({
    id: "producer",
    config: definition.config.parse({ collection_interval: "1s" }),
    logger,
    meter: recordingMeter(),
    clock,
    reportStatus() {},
    build: { command: "test", version: "0" },
    next: { consume: async (batch) => void handedOn.push(batch) },
  });
  await receiver.start?.({ extension: () => undefined });
  await clock.advanceTo(1000);
  const stopped = receiver.shutdown?.(5000);
  await clock.advanceTo(6000);
  await stopped;
  assert.deepEqual(
    logger.lines.map(({ level, fields }) => [level, fields]),
    [["warn", { drain_ms: 5000 }]],
  );
  answer.resolve({ resourceMetrics: gaugeBatch()[0] as never, errors: [] });
  await clock.advanceTo(60_000);
  assert.deepEqual(handedOn, [], "what comes later goes nowhere");
});

test("the embedding example exports virt-handler's metrics beside the application's own", async (t) => {
  // It imports the package by its name, that is, as it was built.
  await ensureBuilt();
  const { startApplication } = await import("../../examples/embed/main.ts");
  const handler = await startVirtHandler({ vms: 1 });
  t.after(() => handler.close());
  const caFile = join(await temporaryDirectory(t), "ca.pem");
  await writeFile(caFile, handler.caPem);
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const names = new Set<string>();
  const complete = Promise.withResolvers<void>();
  const export_ = exporter.export.bind(exporter);
  exporter.export = (metrics, done) => {
    for (const { metrics: list } of metrics.scopeMetrics)
      for (const { descriptor } of list) names.add(descriptor.name);
    if (names.has("application.starts") && names.has("kubevirt_vmi_cpu_usage_seconds_total"))
      complete.resolve();
    export_(metrics, done);
  };
  const application = await startApplication(handler.metricsUrl, caFile, exporter);
  await complete.promise;
  await application.stop();
  assert.ok(names.has("up"));
});

test("a MetricProducer forgets a target that has gone, and takes any resource", async (t) => {
  let next: Consumer | undefined;
  const receiver = defineReceiver({
    type: "fake",
    stability: "alpha",
    config: z.strictObject({}),
    create: (settings) => {
      next = settings.next;
      return {};
    },
  });
  const producer = new ReceiverMetricProducer({ receiver, config: {} });
  await producer.start();
  t.after(() => producer.shutdown());
  const send = async (pod: string, flags?: number) => {
    const metric = gauge("g", [
      point(flags === undefined ? 1 : Number.NaN, {}, flags === undefined ? {} : { flags }),
    ]);
    await next?.consume(Batch.from(batchOf([metric], { pod, large: 2n ** 60n })));
  };
  const pods = async () =>
    (await producer.collect()).resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ dataPoints }) => dataPoints.map(({ attributes }) => attributes["pod"])),
    );
  await send("a");
  await send("b");
  assert.deepEqual(await pods(), ["a", "b"]);
  await send("a", 1);
  assert.deepEqual(await pods(), ["b"]);
  assert.equal((await producer.collect()).resourceMetrics.scopeMetrics.length, 1, "nothing is left of it");
});
