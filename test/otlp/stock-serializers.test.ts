import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  AggregationType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import { Batch, type MetricsBatch } from "../../src/metrics/index.ts";
import { decodeMetrics, decodeMetricsJson, encodeMetricsJson, MetricsEncoder } from "../../src/otlp/index.ts";
import { decodeWithProtobufjs, exportRequestType } from "../support/otlp-schema.ts";

/** What the SDK itself collects from one instrument of every kind. */
async function collect(temporality: AggregationTemporality): Promise<ResourceMetrics> {
  const exporter = new InMemoryMetricExporter(temporality);
  const reader = new PeriodicExportingMetricReader({ exporter });
  const provider = new MeterProvider({
    resource: resourceFromAttributes({
      "service.name": "stock",
      replicas: 3,
      ratio: 0.5,
      tags: ["a", "b"],
      on: true,
    }),
    readers: [reader],
    views: [{ instrumentName: "exponential", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
  });
  const meter = provider.getMeter("meter", "1.2.3", { schemaUrl: "https://example.org/schema" });
  meter.createCounter("counter", { unit: "1", description: "Counts." }).add(7, { vm: "ä" });
  meter.createUpDownCounter("up_down", { valueType: 0 }).add(-5, { vm: "a", cpu: 1 });
  meter.createGauge("gauge").record(1.25);
  const histogram = meter.createHistogram("histogram", { unit: "s" });
  const exponential = meter.createHistogram("exponential");
  for (const value of [0, 0.5, 3, 7000, 1e6]) {
    histogram.record(value, { le: "x" });
    exponential.record(value, { long: "y".repeat(300) });
  }
  await reader.forceFlush();
  const [resourceMetrics] = exporter.getMetrics();
  await provider.shutdown();
  assert(resourceMetrics !== undefined);
  return resourceMetrics;
}

/** An SDK batch is one of ours as it is, but for class instances: as the column face, then. */
function faces(metrics: ResourceMetrics): Batch[] {
  const batch: MetricsBatch = [metrics];
  const { layout, column } = Batch.from([metrics]);
  return [Batch.from(batch), Batch.fromColumns(layout, column)];
}

for (const [name, temporality] of Object.entries(AggregationTemporality).filter(
  (entry): entry is [string, AggregationTemporality] => typeof entry[1] === "number",
)) {
  test(`requests equal the stock serializers' once decoded (${name.toLowerCase()})`, async () => {
    const metrics = await collect(temporality);
    const stock = ProtobufMetricsSerializer.serializeRequest(metrics);
    const stockJson = JsonMetricsSerializer.serializeRequest(metrics);
    assert(stock !== undefined && stockJson !== undefined);
    for (const batch of faces(metrics)) {
      const { bytes, pointCount } = new MetricsEncoder().encode(batch);
      assert.equal(pointCount, 5);
      assert.deepEqual(decodeMetrics(bytes), decodeMetrics(stock));
      assert.deepEqual(decodeMetricsJson(encodeMetricsJson(batch)), decodeMetricsJson(stockJson));
      assert.deepEqual(decodeMetrics(stock), decodeMetricsJson(stockJson));
      // Not by our decoder alone. The stock serializer writes a count of dropped attributes even when it is zero.
      const ours = JSON.stringify(decodeWithProtobufjs(exportRequestType, bytes));
      const theirs: string = JSON.stringify(decodeWithProtobufjs(exportRequestType, stock));
      assert.equal(ours, theirs.replace(',"droppedAttributesCount":0', ""));
    }
  });
}
