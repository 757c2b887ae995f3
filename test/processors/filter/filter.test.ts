import assert from "node:assert/strict";
import { test } from "node:test";
import { isPermanent, type UpstreamSettings } from "../../../src/component/index.ts";
import {
  type Diagnostics,
  formatDiagnostics,
  resolveConfig,
  validateNode,
} from "../../../src/config/index.ts";
import { Batch, type MetricsBatch } from "../../../src/metrics/index.ts";
import type { Config } from "../../../src/processors/filter/config.ts";
import filter from "../../../src/processors/filter/index.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { batchOf, columnar, gauge, histogram, metricsOf, NOW_MS, point, sum } from "../../ottl/support.ts";

function processor(config: unknown) {
  const received: Batch[] = [];
  const counted = new Map<string, number>();
  const instance = filter.create({
    id: "filter",
    config: filter.config.parse(config) as Config,
    logger: silentLogger,
    meter: {
      createCounter: (name: string) => ({
        add: (value: number) => void counted.set(name, (counted.get(name) ?? 0) + value),
      }),
    },
    clock: { now: () => NOW_MS, monotonic: () => 0, schedule: () => () => {} },
    reportStatus() {},
    build: { command: "test", version: "0" },
    next: { consume: async (batch: Batch) => void received.push(batch) },
  } as unknown as UpstreamSettings<Config>);
  return { instance, received, counted };
}

const input: MetricsBatch = [
  ...batchOf(
    [
      gauge("go_goroutines", [point(42)]),
      sum("rx", [point(1, { interface: "lo" }), point(5, { interface: "eth0", vm: "web" })]),
      gauge("k8s.pod.phase", [point(4, { pod: "a" }), point(2, { pod: "b" })]),
      histogram("h", [point({ buckets: { boundaries: [1], counts: [1, 1] }, count: 2 })]),
    ],
    { env: "prod", "service.name": "s" },
  ),
  ...batchOf([gauge("dev_only", [point(1, { interface: "lo" })])], { env: "dev" }),
];

/** What is left, as names with numbers of points; the same for plain objects and for columns. */
async function left(config: unknown): Promise<string[]> {
  const results = [];
  for (const batch of [Batch.from(input), columnar(input)]) {
    const { instance, received, counted } = processor(config);
    await instance.consume(batch);
    const metrics = received.flatMap((out) => [...metricsOf(out.resourceMetrics)]);
    const points = metrics.reduce((total, { dataPoints }) => total + dataPoints.length, 0);
    assert.equal(
      counted.get("otelcol_processor_filter_datapoints_filtered") ?? 0,
      7 - points,
      "points are counted",
    );
    results.push(metrics.map(({ descriptor, dataPoints }) => `${descriptor.name}:${dataPoints.length}`));
  }
  assert.deepEqual(results[1], results[0]);
  return results[0] as string[];
}

const everything = ["go_goroutines:1", "rx:2", "k8s.pod.phase:2", "h:1", "dev_only:1"];
const without = (...names: string[]) =>
  everything.filter((entry) => !names.includes(entry.split(":")[0] as string));

test("conditions, flat and grouped", async () => {
  const rows: readonly (readonly [config: object, left: readonly string[]])[] = [
    [{}, everything],
    [{ metric_conditions: ['IsMatch(metric.name, "^go_")'] }, without("go_goroutines")],
    [
      { metric_conditions: ['metric.name == "k8s.pod.phase" and datapoint.value_double == 4.0'] },
      everything.map((entry) => entry.replace("phase:2", "phase:1")),
    ],
    [{ metric_conditions: ['resource.attributes["env"] == "dev"'] }, without("dev_only")],
    [
      {
        metric_conditions: [
          'datapoint.attributes["interface"] == "lo"',
          "metric.type == METRIC_DATA_TYPE_HISTOGRAM",
        ],
      },
      ["go_goroutines:1", "rx:1", "k8s.pod.phase:2"],
    ],
    [{ metric_conditions: ['not IsMatch(metric.name, "^(rx|h)$")'] }, ["rx:2", "h:1"]],
    [
      { metric_conditions: [{ context: "metric", conditions: ['name == "rx"', 'name == "h"'] }] },
      without("rx", "h"),
    ],
    [
      { metric_conditions: [{ conditions: ['HasAttrOnDatapoint("interface", "lo")'] }] },
      without("rx", "dev_only"),
    ],
    [{ metric_conditions: [{ context: "datapoint", conditions: ["count == 2"] }] }, without("h")],
    [{ metric_conditions: ["datapoint.value_double > 0.0", 'metric.name == "h"'] }, []],
    [
      { metrics: { metric: ['name == "rx"'], resource: ['attributes["env"] == "dev"'] } },
      without("rx", "dev_only"),
    ],
    [
      {
        metrics: {
          metric: ["type == METRIC_DATA_TYPE_HISTOGRAM", 'resource.attributes["service.name"] == nil'],
        },
      },
      without("h", "dev_only"),
    ],
    [
      { metrics: { datapoint: ['metric.name == "k8s.pod.phase" and value_double > 3.0'] } },
      everything.map((entry) => entry.replace("phase:2", "phase:1")),
    ],
  ];
  for (const [config, expected] of rows)
    assert.deepEqual(await left(config), expected, JSON.stringify(config));
});

test("include and exclude by names, attributes and expressions", async () => {
  const rows: readonly (readonly [metrics: object, left: readonly string[]])[] = [
    [{ include: { match_type: "strict", metric_names: ["rx", "h"] } }, ["rx:2", "h:1"]],
    [{ exclude: { match_type: "strict", metric_names: ["rx"] } }, without("rx")],
    [
      { include: { match_type: "regexp", metric_names: ["^go", "phase"] } },
      ["go_goroutines:1", "k8s.pod.phase:2"],
    ],
    [
      {
        include: { match_type: "regexp", metric_names: [".*"] },
        exclude: { match_type: "strict", metric_names: ["h"] },
      },
      without("h"),
    ],
    [
      { include: { match_type: "strict", resource_attributes: [{ key: "env", value: "prod" }] } },
      without("dev_only"),
    ],
    [
      { exclude: { match_type: "regexp", resource_attributes: [{ key: "env", value: "^p" }] } },
      ["dev_only:1"],
    ],
    [{ exclude: { match_type: "strict", resource_attributes: [{ key: "service.name" }] } }, ["dev_only:1"]],
    [
      { exclude: { match_type: "expr", expressions: ['Label("interface") == "lo"'] } },
      without("rx", "dev_only"),
    ],
    [
      { include: { match_type: "expr", expressions: ['HasLabel("vm") || MetricName == "h"'] } },
      ["rx:2", "h:1"],
    ],
    [
      { exclude: { match_type: "expr", expressions: ['MetricName matches "^go_" and not HasLabel("x")'] } },
      without("go_goroutines"),
    ],
    [
      {
        exclude: {
          match_type: "expr",
          expressions: [
            'not (MetricName contains "_gor") and MetricName startsWith "go" || MetricName endsWith "x"',
          ],
        },
      },
      without("rx"),
    ],
    [
      { exclude: { match_type: "expr", expressions: ['MetricName contains "_gor"'] } },
      without("go_goroutines"),
    ],
    [
      {
        exclude: {
          match_type: "expr",
          expressions: ["Label('pod') in ['a', \"z\"]", '!(MetricName != "h")'],
        },
      },
      without("k8s.pod.phase", "h"),
    ],
  ];
  for (const [metrics, expected] of rows)
    assert.deepEqual(await left({ metrics }), expected, JSON.stringify(metrics));
});

test("a failing condition keeps the item, or refuses the batch", async () => {
  const condition = 'datapoint.attributes["interface"] + 1 == 2';
  assert.deepEqual(await left({ metric_conditions: [condition] }), everything);
  const { instance, received } = processor({ error_mode: "propagate", metric_conditions: [condition] });
  await assert.rejects(instance.consume(columnar(input)), isPermanent);
  assert.equal(received.length, 0);
});

test("in steady state a filter by names hands on the same layout with the new column", async () => {
  const { instance, received } = processor({ metric_conditions: ['IsMatch(metric.name, "^go_")'] });
  const { layout, column } = columnar(input);
  await instance.consume(Batch.fromColumns(layout, column));
  const next = column.with({ timeNs: 5n });
  await instance.consume(Batch.fromColumns(layout, next));
  assert.equal(received[1]?.layout, received[0]?.layout);
  assert.equal(received[1]?.column, next);
});

async function problemsOf(config: unknown): Promise<string> {
  const { root, diagnostics } = await resolveConfig({
    uris: [`yaml:${JSON.stringify({ filter: config })}`],
    env: {},
    cwd: ".",
  });
  const node = root.get("filter");
  assert.ok(node);
  validateNode(node, filter.config, { diagnostics: diagnostics as Diagnostics, path: ["filter"] });
  return formatDiagnostics(diagnostics.items);
}

test("wrong configurations are refused with a hint", async () => {
  const rows: readonly (readonly [config: unknown, message: RegExp])[] = [
    [
      { metric_conditions: ['name == "a"'] },
      /filter::metric_conditions::0: path "name" names no context at column 1/,
    ],
    [
      { metric_conditions: [{ context: "metric", conditions: ['nam == "a"'] }] },
      /conditions::0: metric has no field "nam"[\s\S]*did you mean "name"/,
    ],
    [
      { metric_conditions: ['metric.name == "a"', { conditions: [] }] },
      /plain conditions and groups cannot be mixed/,
    ],
    [
      { metric_conditions: ['metric.name == "a"'], metrics: { metric: [] } },
      /filter::metrics: cannot be combined with metric_conditions/,
    ],
    [
      { metrics: { metric: ['attributes["a"] == 1'] } },
      /filter::metrics::metric::0: metric has no field "attributes"/,
    ],
    [
      { metrics: { metric: ['name == "a"'], include: { match_type: "strict", metric_names: ["a"] } } },
      /include: cannot be combined with conditions/,
    ],
    [
      { metrics: { include: { match_type: "regexp", metric_names: ["("] } } },
      /metric_names::0: invalid regular expression/,
    ],
    [
      { metrics: { include: { match_type: "strict" } } },
      /needs metric_names, resource_attributes or expressions/,
    ],
    [
      { metrics: { include: { match_type: "expr", expressions: ["len(x) > 2"] } } },
      /expressions::0: expression is not understood at "len\(x\) > 2"/,
    ],
    [
      { metrics: { include: { match_type: "strict", metric_names: ["a"], expressions: ["true"] } } },
      /is looked at with match_type expr only/,
    ],
    [{ error_mode: "panic" }, /error_mode.*unknown value "panic"/],
  ];
  for (const [config, message] of rows)
    assert.match(await problemsOf(config), message, JSON.stringify(config));
});
