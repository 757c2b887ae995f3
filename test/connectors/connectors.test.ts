import assert from "node:assert/strict";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { Batch, type MetricsBatch } from "../../src/metrics/index.ts";
import { MetricsEncoder } from "../../src/otlp/index.ts";
import { formatMetrics } from "../../src/testing/index.ts";
import { startSink, writeConfig } from "../e2e/pipeline.ts";
import { CollectorProcess } from "../support/collector-process.ts";
import { gauges } from "../support/processor-harness.ts";

/** A collector from its YAML with an otlp receiver and a backend; what is sent and what arrived. */
async function start(
  t: TestContext,
  { connectors, processors, pipelines }: { connectors: object; processors?: object; pipelines: object },
) {
  const sink = await startSink(t);
  const otlp = { protocols: { http: { endpoint: "127.0.0.1:0" } } };
  const config = await writeConfig(t, {
    receivers: { otlp },
    processors,
    connectors,
    exporters: {
      otlp_http: { endpoint: sink.endpoint, sending_queue: { num_consumers: 1 } },
      "otlp_http/counts": {
        endpoint: sink.endpoint,
        sending_queue: { num_consumers: 1 },
        headers: { kind: "counts" },
      },
    },
    service: {
      telemetry: { metrics: { level: "none" }, logs: { encoding: "json" } },
      pipelines,
    },
  });
  const collector = await CollectorProcess.start(t, ["--config", config]);
  const { endpoint } = await collector.untilLog("Starting HTTP server.");
  return {
    sink,
    collector,
    async send(batch: MetricsBatch) {
      const sent = request(`http://${endpoint}/v1/metrics`, {
        method: "POST",
        headers: { "content-type": "application/x-protobuf" },
      });
      const answered = new Promise<number | undefined>((resolve, reject) => {
        sent.once("error", reject);
        sent.once("response", (response) => text(response).then(() => resolve(response.statusCode), reject));
      });
      sent.end(new MetricsEncoder().encode(Batch.from(batch)).bytes);
      assert.equal(await answered, 200);
    },
    /** Stops the collector, which sends all it has; each batch in short, without times, those of one exporter in order. */
    async arrived(kind?: string) {
      await collector.stop();
      return sink.requests
        .filter(({ headers }) => headers["kind"] === kind)
        .map(({ batch }) =>
          formatMetrics(batch)
            .split("\n")
            .map((line) => line.trim().replace(/ (start|time)=\S+/g, ""))
            .filter((line) => line !== ""),
        );
    },
  };
}

const first = () => [
  gauges({ node: "a" }, { cpu: [{ vm: "1" }, { vm: "2" }, { vm: "3", env: "test" }], up: [{}] }),
  gauges({ node: "b", env: "prod" }, { cpu: [{ vm: "1" }], up: [{}] }),
];
const second = () => [gauges({ node: "a" }, { cpu: [{ vm: "2" }] })];

test("count: from YAML to a backend, each batch is counted by conditions and attributes, and goes on itself", async (t) => {
  const { send, arrived } = await start(t, {
    connectors: {
      count: {},
      "count/own": {
        metrics: {
          "cpu.metrics": { description: "Of processors", conditions: ['name == "cpu"', 'name == "none"'] },
        },
        datapoints: {
          "points.by.env": { attributes: [{ key: "env", default_value: "none" }] },
          "points.by.vm": {
            conditions: ["value_double < 2.0"],
            attributes: [{ key: "vm" }, { key: "node" }],
          },
        },
      },
    },
    pipelines: {
      metrics: { receivers: ["otlp"], exporters: ["otlp_http", "count", "count/own"] },
      "metrics/counts": { receivers: ["count", "count/own"], exporters: ["otlp_http/counts"] },
    },
  });
  await send(first());
  await send(second());
  const counts = await arrived("counts");
  assert.deepEqual(
    counts.filter((lines) => lines.some((line) => line.startsWith("metric."))),
    [
      [
        'resource env="prod" node="b"',
        "metric.count sum delta monotonic",
        "{} 2",
        "metric.datapoint.count sum delta monotonic",
        "{} 2",
        'resource node="a"',
        "metric.count sum delta monotonic",
        "{} 2",
        "metric.datapoint.count sum delta monotonic",
        "{} 4",
      ],
      [
        'resource node="a"',
        "metric.count sum delta monotonic",
        "{} 1",
        "metric.datapoint.count sum delta monotonic",
        "{} 1",
      ],
    ],
  );
  assert.deepEqual(
    counts.filter((lines) => lines.some((line) => line.startsWith("points."))),
    [
      [
        'resource env="prod" node="b"',
        "cpu.metrics sum delta monotonic",
        "{} 1",
        "points.by.env sum delta monotonic",
        '{env="prod"} 2',
        "points.by.vm sum delta monotonic",
        '{node="b",vm="1"} 1',
        'resource node="a"',
        "cpu.metrics sum delta monotonic",
        "{} 1",
        "points.by.env sum delta monotonic",
        '{env="none"} 3',
        '{env="test"} 1',
        "points.by.vm sum delta monotonic",
        '{node="a",vm="1"} 1',
        '{node="a",vm="2"} 1',
      ],
      [
        'resource node="a"',
        "cpu.metrics sum delta monotonic",
        "{} 1",
        "points.by.env sum delta monotonic",
        '{env="none"} 1',
        "points.by.vm sum delta monotonic",
        '{node="a",vm="2"} 1',
      ],
    ],
  );
  assert.equal(counts.length, 4);
  assert.deepEqual(
    (await arrived()).map((lines) => lines.filter((line) => line.startsWith("{")).length),
    [6, 1],
  );
});

test("forward: two pipelines with steps of their own join in one, a further one splits it", async (t) => {
  const upsert = (key: string, value: string) => ({ attributes: [{ key, action: "upsert", value }] });
  const { send, arrived } = await start(t, {
    connectors: { forward: {}, "forward/end": {} },
    processors: {
      "resource/one": upsert("way", "one"),
      "resource/two": upsert("way", "two"),
      "resource/end": upsert("end", "yes"),
    },
    pipelines: {
      "metrics/one": { receivers: ["otlp"], processors: ["resource/one"], exporters: ["forward"] },
      "metrics/two": { receivers: ["otlp"], processors: ["resource/two"], exporters: ["forward"] },
      "metrics/middle": { receivers: ["forward"], processors: ["resource/end"], exporters: ["forward/end"] },
      "metrics/all": { receivers: ["forward/end"], exporters: ["otlp_http"] },
      "metrics/again": { receivers: ["forward/end"], exporters: ["otlp_http/counts"] },
    },
  });
  await send(second());
  const expected = ["one", "two"].map((way) => [
    `resource end="yes" node="a" way="${way}"`,
    "cpu gauge 1",
    '{vm="2"} 0',
  ]);
  assert.deepEqual((await arrived()).toSorted(), expected);
  assert.deepEqual((await arrived("counts")).toSorted(), expected);
});
