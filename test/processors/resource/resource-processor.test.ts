import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch } from "../../../src/metrics/index.ts";
import resource from "../../../src/processors/resource/index.ts";
import { gauges, runProcessor } from "../../support/processor-harness.ts";

test("actions run over every resource", async (t) => {
  const { send } = await runProcessor(t, resource, {
    attributes: [
      { key: "cluster", action: "upsert", value: "prod" },
      { key: "host.name", action: "insert", from_attribute: "node" },
      { key: "node", action: "delete" },
    ],
  });
  const batch = await send(
    Batch.from([gauges({ node: "node01" }, { up: [{}] }), gauges({ cluster: "dev" }, { up: [{}] })]),
  );
  assert.deepEqual(
    batch.resourceMetrics.map((entry) => entry.resource.attributes),
    [{ cluster: "prod", "host.name": "node01" }, { cluster: "prod" }],
  );
});

test("a resource keeps its identity over layouts; points are not touched", async (t) => {
  const { send } = await runProcessor(t, resource, {
    attributes: [{ key: "cluster", action: "insert", value: "prod" }],
  });
  const source = gauges({ a: 1 }, { up: [{}] });
  const layoutOf = async (input: typeof source) => (await send(Batch.from([input]))).layout.resources[0];
  const one = await layoutOf(source);
  const two = await layoutOf({ ...source, scopeMetrics: [...source.scopeMetrics] });
  assert.equal(one?.resource, two?.resource);
  const known = Batch.from([gauges({ cluster: "dev" }, { up: [{ a: 1 }] })]);
  assert.equal(await send(known), known);
});
