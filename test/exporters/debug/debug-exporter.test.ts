import assert from "node:assert/strict";
import { test } from "node:test";
import type { z } from "zod";
import { DebugExporter } from "../../../src/exporters/debug/debug-exporter.ts";
import debug from "../../../src/exporters/debug/index.ts";
import {
  AggregationTemporality,
  Batch,
  DataPointType,
  type MetricsBatch,
  ValueType,
} from "../../../src/metrics/index.ts";
import { gauges, harness } from "../../delivery/harness.ts";

function exporterOf(config: z.input<typeof debug.config>) {
  const h = harness("debug");
  const written: string[] = [];
  const settings = { ...h.settings, config: debug.config.parse(config) };
  const exporter = new DebugExporter(settings, async (text) => {
    written.push(text);
  });
  return { ...h, exporter, written };
}

const everything: MetricsBatch = [
  {
    resource: { attributes: { "service.name": "virt-handler", port: 8443 }, schemaUrl: "https://schema" },
    scopeMetrics: [
      {
        scope: { name: "kubevirt", version: "1.0" },
        metrics: [
          {
            descriptor: { name: "net", description: "Bytes.", unit: "By", valueType: ValueType.DOUBLE },
            dataPointType: DataPointType.SUM,
            aggregationTemporality: AggregationTemporality.CUMULATIVE,
            isMonotonic: true,
            dataPoints: [
              {
                startTime: [1_700_000_000, 0],
                endTime: [1_700_000_030, 1],
                attributes: { vm: "a", ids: [1, 2] },
                value: 2n ** 60n,
              },
              { startTime: [0, 0], endTime: [1, 0], attributes: { vm: "b" }, value: Number.NaN, flags: 1 },
            ],
          },
          {
            descriptor: { name: "lat", description: "", unit: "s", valueType: ValueType.DOUBLE },
            dataPointType: DataPointType.HISTOGRAM,
            aggregationTemporality: AggregationTemporality.DELTA,
            dataPoints: [
              {
                startTime: [0, 0],
                endTime: [1, 0],
                attributes: {},
                value: { buckets: { boundaries: [0.5, 1], counts: [1, 0, 2] }, count: 3, sum: 4.5 },
              },
            ],
          },
          {
            descriptor: { name: "gc", description: "", unit: "s", valueType: ValueType.DOUBLE },
            dataPointType: DataPointType.SUMMARY,
            aggregationTemporality: AggregationTemporality.UNSPECIFIED,
            dataPoints: [
              {
                startTime: [0, 0],
                endTime: [1, 0],
                attributes: {},
                value: { count: 2, sum: 3, quantiles: [{ quantile: 0.5, value: 1.5 }] },
              },
            ],
          },
        ],
      },
    ],
  },
];

test("basic counts what is in a batch", async () => {
  const { exporter, logs, metric } = exporterOf(undefined);
  await exporter.consume(gauges(3, 2));
  assert.deepEqual(logs, [
    { level: "info", message: "Metrics", fields: { "resource metrics": 2, metrics: 2, "data points": 5 } },
  ]);
  assert.equal(await metric("sent_metric_points"), 5);
  await exporter.shutdown(30_000);
});

test("normal prints a line a point", async () => {
  const { exporter, logs } = exporterOf({ verbosity: "normal" });
  await exporter.consume(Batch.from(everything));
  assert.deepEqual(logs[1]?.message.split("\n"), [
    "ResourceMetrics #0 https://schema service.name=virt-handler port=8443",
    "ScopeMetrics #0 kubevirt@1.0",
    "net{vm=a,ids=[1,2]} 1152921504606846976",
    "net{vm=b} (no recorded value)",
    "lat{} count=3 sum=4.5 le0.5=1 le1=0 le+Inf=2",
    "gc{} count=2 sum=3 q0.5=1.5",
  ]);
  await exporter.shutdown(30_000);
});

test("detailed prints the whole tree, to standard output if told so", async () => {
  const { exporter, logs, written } = exporterOf({ verbosity: "detailed", use_internal_logger: false });
  await exporter.consume(Batch.from(everything));
  assert.deepEqual(logs, []);
  const lines = written.join("").split("\n");
  assert.equal(lines[0], 'Metrics\t{"resource metrics":1,"metrics":3,"data points":4}');
  assert.deepEqual(lines.slice(1, 24), [
    "ResourceMetrics #0",
    "Resource SchemaURL: https://schema",
    "Resource attributes:",
    "     -> service.name: Str(virt-handler)",
    "     -> port: Int(8443)",
    "ScopeMetrics #0",
    "ScopeMetrics SchemaURL: ",
    "InstrumentationScope kubevirt 1.0",
    "Metric #0",
    "Descriptor:",
    "     -> Name: net",
    "     -> Description: Bytes.",
    "     -> Unit: By",
    "     -> DataType: Sum",
    "     -> IsMonotonic: true",
    "     -> AggregationTemporality: Cumulative",
    "NumberDataPoints #0",
    "Data point attributes:",
    "     -> vm: Str(a)",
    "     -> ids: Slice([1,2])",
    "StartTimestamp: 2023-11-14 22:13:20 +0000 UTC",
    "Timestamp: 2023-11-14 22:13:50.000000001 +0000 UTC",
    "Value: 1152921504606846976",
  ]);
  assert.ok(lines.includes("Flags: 1"));
  assert.ok(lines.includes("Buckets #2, Count: 2"));
  assert.ok(lines.includes("QuantileValue #0: Quantile 0.5, Value 1.5"));
  await exporter.shutdown(30_000);
});

test("sampling prints the first batches of each second, then every n-th", async () => {
  const { exporter, logs, clock, metric } = exporterOf({ sampling_initial: 2, sampling_thereafter: 3 });
  for (let i = 1; i <= 9; i++) await exporter.consume(gauges(i));
  const printed = () => logs.map(({ fields }) => fields["data points"]);
  assert.deepEqual(printed(), [1, 2, 5, 8]);
  await clock.advance(1000);
  await exporter.consume(gauges(10));
  assert.deepEqual(printed(), [1, 2, 5, 8, 10]);
  assert.equal(await metric("sent_metric_points"), 55, "what is not printed went through as well");
  await exporter.shutdown(30_000);
});

test("an unwritable output is the sender's to know", async () => {
  const h = harness("debug");
  const settings = { ...h.settings, config: debug.config.parse({ use_internal_logger: false }) };
  const exporter = new DebugExporter(settings, () => Promise.reject(new Error("EPIPE")));
  await assert.rejects(exporter.consume(gauges(1)), /EPIPE/);
  await exporter.shutdown(30_000);
});
