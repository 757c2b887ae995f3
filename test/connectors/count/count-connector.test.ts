import assert from "node:assert/strict";
import { test } from "node:test";
import { createNoopMeter } from "@opentelemetry/api";
import count from "../../../src/connectors/count/index.ts";
import { ABSENT, Batch, type MetricsBatch, PRESENT, Presence, STALE } from "../../../src/metrics/index.ts";
import { formatMetrics } from "../../../src/testing/index.ts";
import { recordingLogger } from "../../kubernetes/support.ts";
import { gauges } from "../../support/processor-harness.ts";

async function run(config: unknown, batch: Batch): Promise<Batch[]> {
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
  return received;
}

/** Lines without the time of the points, which all have. */
async function counted(config: unknown, batch: Batch): Promise<string[]> {
  return (await run(config, batch)).flatMap((out) =>
    formatMetrics(out.resourceMetrics, { epochMs: 0 })
      .split("\n")
      .map((line) => line.trim().replace(" start=1700000000s time=1700000000s", ""))
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
    "{} 2",
    "metric.datapoint.count sum delta monotonic",
    "{} 3",
    'resource host="b" vm="9"',
    "metric.count sum delta monotonic",
    "{} 2",
    "metric.datapoint.count sum delta monotonic",
    "{} 2",
  ]);
});

test("conditions choose what is counted; one that holds is enough", async () => {
  const metrics = { m: { conditions: ['IsMatch(name, "^kube")', 'name == "nope"'] } };
  assert.deepEqual(await counted({ metrics, datapoints: {} }, input()), [
    'resource host="a"',
    "m sum delta monotonic",
    "{} 1",
    'resource host="b" vm="9"',
    "m sum delta monotonic",
    "{} 1",
  ]);
  const datapoints = { d: { conditions: ['attributes["vm"] == "2"', "value_double == 7.0"] } };
  assert.deepEqual(await counted({ metrics: {}, datapoints }, input()), [
    'resource host="a"',
    "d sum delta monotonic",
    "{} 1",
  ]);
  assert.deepEqual(
    await counted({ metrics: { m: { conditions: ['name == "nope"'] } }, datapoints: {} }, input()),
    [],
  );
});

test("attributes come from the point, its resource, or a default; else a point is left out", async () => {
  const by = (attributes: object[]) => counted({ metrics: {}, datapoints: { d: { attributes } } }, input());
  assert.deepEqual(await by([{ key: "vm" }]), [
    'resource host="a"',
    "d sum delta monotonic",
    '{vm="1"} 1',
    '{vm="2"} 1',
    'resource host="b" vm="9"',
    "d sum delta monotonic",
    '{vm="1"} 1',
    '{vm="9"} 1',
  ]);
  assert.deepEqual((await by([{ key: "ns", default_value: "none" }])).slice(0, 4), [
    'resource host="a"',
    "d sum delta monotonic",
    '{ns="n"} 1',
    '{ns="none"} 2',
  ]);
});

test("what is not configured is counted by default, beside what is", async () => {
  const lines = await counted({ datapoints: { d: {} } }, input());
  assert.deepEqual(
    lines.filter((line) => line.includes("sum")),
    ["d", "metric.count", "d", "metric.count"].map((name) => `${name} sum delta monotonic`),
  );
});

test("the scope of a point has attributes too, after the point's own and before those of the resource", async () => {
  const [one] = input().resourceMetrics;
  assert.ok(one !== undefined);
  const scopeMetrics = one.scopeMetrics.map((scope) => ({
    ...scope,
    scope: { name: "s", attributes: { vm: "scope", host: "scope" } },
  }));
  const attributes = [{ key: "vm" }, { key: "host" }];
  const config = { metrics: {}, datapoints: { d: { attributes } } };
  assert.deepEqual(await counted(config, Batch.from([{ ...one, scopeMetrics }])), [
    'resource host="a"',
    "d sum delta monotonic",
    '{host="scope",vm="1"} 1',
    '{host="scope",vm="2"} 1',
    '{host="scope",vm="scope"} 1',
  ]);
});

test("counts span the times of what was counted, of each resource; those without are from now", async () => {
  const at = (seconds: readonly number[], host: string) => {
    const one = gauges({ host }, { m: seconds.map((i) => ({ i })) });
    const [scope] = one.scopeMetrics;
    const [metric] = scope?.metrics ?? [];
    assert.ok(scope !== undefined && metric !== undefined);
    const dataPoints = metric.dataPoints.map((point, i) => ({
      ...point,
      endTime: [seconds[i] ?? 0, 0] as const,
    }));
    return {
      ...one,
      scopeMetrics: [{ ...scope, metrics: [{ ...metric, dataPoints }] }],
    } as MetricsBatch[number];
  };
  const out = await run({ metrics: {} }, Batch.from([at([30, 10, 0, 20], "a"), at([40], "b"), at([0], "c")]));
  const spans = out.flatMap(({ resourceMetrics }) =>
    resourceMetrics.flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) =>
        metrics.flatMap(({ dataPoints }) => dataPoints.map((p) => [p.startTime[0], p.endTime[0], p.value])),
      ),
    ),
  );
  assert.deepEqual(spans, [
    [10, 30, 4],
    [40, 40, 1],
    [60, 60, 1],
  ]);
});

test("points that come and go are counted as they are there", async () => {
  const received: string[] = [];
  const connector = count.create({
    id: "count",
    config: count.config.parse({ metrics: {}, datapoints: { d: { attributes: [{ key: "vm" }] } } }),
    logger: recordingLogger(),
    meter: createNoopMeter(),
    clock: { now: () => 60_000, monotonic: () => 0, schedule: () => () => {} },
    reportStatus() {},
    build: { command: "test", version: "0" },
    next: {
      consume: async ({ resourceMetrics }) => {
        const points = resourceMetrics[0]?.scopeMetrics[0]?.metrics[0]?.dataPoints ?? [];
        received.push(points.map(({ attributes, value }) => `${attributes["vm"]}=${value}`).join(" "));
      },
    },
  });
  const { layout, column } = Batch.from([gauges({}, { x: [{ vm: "1" }, { vm: "2" }], y: [{ vm: "1" }] })]);
  for (const states of [
    [PRESENT, PRESENT, PRESENT],
    [PRESENT, ABSENT, PRESENT],
    [ABSENT, STALE, ABSENT],
  ]) {
    const presence = new Presence(Uint8Array.from(states));
    await connector.consume(Batch.fromColumns(layout, column.with({ presence })));
  }
  assert.deepEqual(received, ["1=2 2=1", "1=2", "2=1"]);
});

test("a condition that does not compile is refused with its place", () => {
  const { error } = count.config.safeParse({ datapoints: { d: { conditions: ["attributes[", "true"] } } });
  assert.deepEqual(error?.issues[0]?.path.slice(0, 4), ["datapoints", "d", "conditions", 0]);
});
