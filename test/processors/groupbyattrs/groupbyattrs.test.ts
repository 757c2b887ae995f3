import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Batch, DataPointType, type MetricsBatch } from "../../../src/metrics/index.ts";
import { GroupByAttrsProcessor } from "../../../src/processors/groupbyattrs/group-by-attrs-processor.ts";
import groupbyattrs from "../../../src/processors/groupbyattrs/index.ts";
import { formatMetrics } from "../../../src/testing/index.ts";
import { everyKindBatch } from "../../support/batches.ts";
import { gauges, runProcessor } from "../../support/processor-harness.ts";
import { metricOf } from "../../temporality/processor.ts";

const grouped = async (t: Parameters<typeof runProcessor>[0], keys: string[], input: MetricsBatch) => {
  const { send } = await runProcessor(t, groupbyattrs, { keys });
  return await send(Batch.from(input));
};

test("points go to resources by the keys they have", async (t) => {
  const batch = await grouped(
    t,
    ["vm", "ns"],
    [
      gauges(
        { svc: "a", ns: "old" },
        { m: [{ vm: "1", d: "x" }, { vm: "2" }, { d: "y" }], n: [{ vm: "1", ns: "new" }] },
      ),
      gauges({ svc: "a", ns: "old", vm: "1" }, { m: [{ d: "z" }] }),
    ],
  );
  assert.equal(
    formatMetrics(batch.resourceMetrics),
    [
      'resource ns="new" svc="a" vm="1"',
      "  n gauge 1",
      "    {} 0",
      'resource ns="old" svc="a"',
      "  m gauge 1",
      '    {d="y"} 2',
      'resource ns="old" svc="a" vm="1"',
      "  m gauge 1",
      '    {d="x"} 0',
      '    {d="z"} 0',
      'resource ns="old" svc="a" vm="2"',
      "  m gauge 1",
      "    {} 1",
      "",
    ].join("\n"),
  );
  const resources = batch.resourceMetrics.map(({ resource }) => resource.attributes["vm"]);
  assert.deepEqual(resources, ["1", "2", undefined, "1"], "equal resources are one");
  assert.equal(batch.resourceMetrics[0]?.scopeMetrics[0]?.metrics.length, 1, "equal metrics are one");
});

test("without keys what is equal becomes one, and other metrics of the name stay apart", async (t) => {
  const sum = (unit: string) => metricOf("m", [{ value: 1, at: 1 }], { type: DataPointType.SUM, unit });
  const scoped = (metrics: readonly ReturnType<typeof sum>[], version?: string) => ({
    resource: { attributes: { a: 1, b: 2 } },
    scopeMetrics: [{ scope: { name: "s", ...(version !== undefined && { version }) }, metrics }],
  });
  const batch = await grouped(
    t,
    [],
    [
      scoped([sum("s")]),
      { ...scoped([sum("s"), sum("ms")]), resource: { attributes: { b: 2, a: 1 } } },
      scoped([sum("s")], "2"),
    ],
  );
  const [only, ...others] = batch.resourceMetrics;
  assert.equal(others.length, 0);
  assert.deepEqual(
    only?.scopeMetrics.map(({ scope, metrics }) => [
      scope.version,
      metrics.map((m) => [m.descriptor.unit, m.dataPoints.length]),
    ]),
    [
      [
        undefined,
        [
          ["s", 2],
          ["ms", 1],
        ],
      ],
      ["2", [["s", 1]]],
    ],
  );
});

test("every kind of metric moves with its values", async (t) => {
  const input = everyKindBatch();
  const batch = await grouped(t, ["name"], [...input, ...input]);
  assert.deepEqual(
    batch.resourceMetrics.map(({ resource }) => resource.attributes["name"]),
    ["vm-1", "q", undefined],
  );
  const values = (metrics: MetricsBatch) =>
    formatMetrics(metrics)
      .split("\n")
      .filter((line) => line.startsWith("    "))
      .map((line) => line.split("} ")[1])
      .toSorted();
  assert.deepEqual(values(batch.resourceMetrics), values([...input, ...input]));
});

test("resources and attributes keep their identity over layouts", async (t) => {
  const { send } = await runProcessor(t, groupbyattrs, { keys: ["vm"] });
  const source = gauges({}, { m: [{ vm: "1", d: "x" }] });
  const one = (await send(Batch.from([source]))).layout.resources[0];
  const two = (await send(Batch.from([source]))).layout.resources[0];
  assert.equal(one?.resource, two?.resource);
  assert.equal(one?.scopes[0]?.metrics[0]?.attributes[0], two?.scopes[0]?.metrics[0]?.attributes[0]);
});

test("what was made of a resource goes when its points have gone, though the resource stays", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const processor = new GroupByAttrsProcessor({ keys: ["vm"] });
  const { resource } = gauges({ node: "n" }, {});
  const made: WeakRef<object>[] = [];
  for (let vm = 0; vm < 300; vm++) {
    const { scopeMetrics } = gauges({}, { m: [{ vm: String(vm) }] });
    const [target] = processor.layout(Batch.from([{ resource, scopeMetrics }]).layout).resources;
    assert.deepEqual(target?.resource.attributes, { node: "n", vm: String(vm) });
    made.push(new WeakRef(target.resource));
    // References that were looked at live until the turn ends.
    await new Promise(setImmediate);
  }
  collect();
  const left = made.filter((reference) => reference.deref() !== undefined).length;
  assert.ok(left < 100, `${left} of 300 resources are left`);
});
