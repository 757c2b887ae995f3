import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch } from "../../../src/metrics/index.ts";
import attributes from "../../../src/processors/attributes/index.ts";
import { gauges, runProcessor } from "../../support/processor-harness.ts";

const tag = [{ key: "tag", action: "upsert", value: "x" }];

/** Names of the metrics that were worked on. */
async function tagged(t: Parameters<typeof runProcessor>[0], config: object): Promise<string[]> {
  const { send } = await runProcessor(t, attributes, { actions: tag, ...config });
  const batch = await send(
    Batch.from([
      gauges({ env: "prod", port: 1 }, { kubevirt_a: [{}], go_b: [{}] }),
      gauges({ env: "dev" }, { kubevirt_c: [{}] }),
    ]),
  );
  return batch.resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics
        .filter(({ dataPoints }) => dataPoints[0]?.attributes["tag"] === "x")
        .map(({ descriptor }) => descriptor.name),
    ),
  );
}

test("include and exclude choose by name and resource", async (t) => {
  const rows: readonly (readonly [config: object, names: string[]])[] = [
    [{}, ["kubevirt_a", "go_b", "kubevirt_c"]],
    [{ include: { match_type: "regexp", metric_names: ["^kubevirt_"] } }, ["kubevirt_a", "kubevirt_c"]],
    [{ include: { match_type: "strict", metric_names: ["kubevirt_", "go_b"] } }, ["go_b"]],
    [
      { include: { match_type: "strict", resources: [{ key: "env", value: "prod" }] } },
      ["kubevirt_a", "go_b"],
    ],
    [{ include: { match_type: "regexp", resources: [{ key: "env", value: "^d" }] } }, ["kubevirt_c"]],
    [{ include: { match_type: "strict", resources: [{ key: "port", value: 1 }] } }, ["kubevirt_a", "go_b"]],
    [{ include: { match_type: "strict", resources: [{ key: "port" }] } }, ["kubevirt_a", "go_b"]],
    [
      {
        include: {
          match_type: "regexp",
          metric_names: ["^kubevirt_"],
          resources: [{ key: "env", value: "prod" }],
        },
      },
      ["kubevirt_a"],
    ],
    [{ exclude: { match_type: "regexp", metric_names: ["_[ab]$"] } }, ["kubevirt_c"]],
    [
      {
        include: { match_type: "regexp", metric_names: ["^kubevirt_"] },
        exclude: { match_type: "strict", resources: [{ key: "env", value: "dev" }] },
      },
      ["kubevirt_a"],
    ],
  ];
  for (const [config, names] of rows)
    assert.deepEqual(await tagged(t, config), names, JSON.stringify(config));
});

test("attributes keep their identity over layouts, and a batch without work passes as it is", async (t) => {
  const { send } = await runProcessor(t, attributes, {
    actions: [{ key: "name", action: "delete" }],
  });
  const [own, other] = [{ name: "web", zone: "a" }, { zone: "b" }];
  const one = await send(Batch.from([gauges({}, { m: [own, other] })]));
  const two = await send(Batch.from([gauges({}, { m: [own, other], n: [own] })]));
  const of = (batch: Batch) => batch.layout.resources[0]?.scopes[0]?.metrics ?? [];
  assert.deepEqual(of(one)[0]?.attributes, [{ zone: "a" }, { zone: "b" }]);
  assert.equal(of(two)[0]?.attributes[0], of(one)[0]?.attributes[0]);
  assert.equal(of(two)[1]?.attributes[0], of(one)[0]?.attributes[0]);
  assert.equal(of(one)[0]?.attributes[1], other);
  const untouched = Batch.from([gauges({}, { m: [other] })]);
  assert.equal(await send(untouched), untouched);
});

test("conditions that are not for metrics are refused", () => {
  const parse = (include: object) =>
    attributes.config
      .safeParse({ actions: tag, include })
      .error?.issues.map(({ path, message }) => [path.join("."), message]);
  const refused = "cannot choose metrics: use metric_names or resources";
  const strict = { match_type: "strict", metric_names: ["a"] };
  assert.deepEqual(parse({ ...strict, services: ["x"] }), [["include.services", refused]]);
  assert.deepEqual(parse({ ...strict, attributes: [{ key: "x" }] }), [["include.attributes", refused]]);
  assert.deepEqual(parse({ ...strict, libraries: [] }), [["include.libraries", refused]]);
  assert.match(parse({ match_type: "strict" })?.[0]?.[1] ?? "", /needs metric_names or resources/);
  assert.match(parse({ match_type: "regexp", metric_names: ["("] })?.[0]?.[1] ?? "", /invalid regular/);
  assert.ok(attributes.config.safeParse({ actions: [] }).error);
});
