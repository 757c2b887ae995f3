import assert from "node:assert/strict";
import { test } from "node:test";
import { createNoopMeter } from "@opentelemetry/api";
import count from "../../../src/connectors/count/index.ts";
import { Batch } from "../../../src/metrics/index.ts";
import { formatMetrics } from "../../../src/testing/index.ts";
import { recordingLogger } from "../../kubernetes/support.ts";
import { gauges } from "../../support/processor-harness.ts";

async function counted(config: unknown, batch: Batch): Promise<string[]> {
  const received: Batch[] = [];
  const connector = count.create({
    id: "count",
    config: count.config.parse(config),
    logger: recordingLogger(),
    meter: createNoopMeter(),
    clock: { now: () => 60_000, monotonic: () => 0, schedule: () => () => {} },
    reportStatus() {},
    build: { command: "test", version: "0" },
    next: { consume: async (out) => void received.push(out) },
  });
  await connector.consume(batch);
  return received.flatMap((out) =>
    formatMetrics(out.resourceMetrics, { epochMs: 0 })
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== ""),
  );
}

const input = () =>
  Batch.from([
    gauges({ host: "a" }, { kubevirt_x: [{ vm: "1" }, { vm: "2", ns: "n" }], up: [{}] }),
    gauges({ host: "b", vm: "9" }, { kubevirt_x: [{ vm: "1" }], up: [{}] }),
  ]);

test("without options metrics and data points are counted, by resource", async () => {
  assert.deepEqual(await counted({}, input()), [
    'resource host="a"',
    "metric.count sum delta monotonic",
    "{} 2 time=60s",
    "metric.datapoint.count sum delta monotonic",
    "{} 3 time=60s",
    'resource host="b" vm="9"',
    "metric.count sum delta monotonic",
    "{} 2 time=60s",
    "metric.datapoint.count sum delta monotonic",
    "{} 2 time=60s",
  ]);
});

test("conditions choose what is counted; one that holds is enough", async () => {
  const metrics = { m: { conditions: ['IsMatch(name, "^kube")', 'name == "nope"'] } };
  assert.deepEqual(await counted({ metrics }, input()), [
    'resource host="a"',
    "m sum delta monotonic",
    "{} 1 time=60s",
    'resource host="b" vm="9"',
    "m sum delta monotonic",
    "{} 1 time=60s",
  ]);
  const datapoints = { d: { conditions: ['attributes["vm"] == "2"', "value_double == 7.0"] } };
  assert.deepEqual(await counted({ datapoints }, input()), [
    'resource host="a"',
    "d sum delta monotonic",
    "{} 1 time=60s",
  ]);
  assert.deepEqual(await counted({ metrics: { m: { conditions: ['name == "nope"'] } } }, input()), []);
});

test("attributes come from the point, its resource, or a default; else a point is left out", async () => {
  const by = (attributes: object[]) => counted({ datapoints: { d: { attributes } } }, input());
  assert.deepEqual(await by([{ key: "vm" }]), [
    'resource host="a"',
    "d sum delta monotonic",
    '{vm="1"} 1 time=60s',
    '{vm="2"} 1 time=60s',
    'resource host="b" vm="9"',
    "d sum delta monotonic",
    '{vm="1"} 1 time=60s',
    '{vm="9"} 1 time=60s',
  ]);
  assert.deepEqual((await by([{ key: "ns", default_value: "none" }])).slice(0, 4), [
    'resource host="a"',
    "d sum delta monotonic",
    '{ns="n"} 1 time=60s',
    '{ns="none"} 2 time=60s',
  ]);
});

test("a condition that does not compile is refused with its place", () => {
  const { error } = count.config.safeParse({ datapoints: { d: { conditions: ["attributes[", "true"] } } });
  assert.deepEqual(error?.issues[0]?.path.slice(0, 4), ["datapoints", "d", "conditions", 0]);
});
