import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, isPermanent, type UpstreamSettings } from "../../../src/component/index.ts";
import {
  type Diagnostics,
  formatDiagnostics,
  resolveConfig,
  validateNode,
} from "../../../src/config/index.ts";
import { Batch, type MetricsBatch } from "../../../src/metrics/index.ts";
import type { Config } from "../../../src/processors/transform/config.ts";
import transform from "../../../src/processors/transform/index.ts";
import { type LogFields, type Logger, silentLogger } from "../../../src/telemetry/index.ts";
import {
  batchOf,
  columnar,
  gauge,
  histogram,
  metricsOf,
  NOW_MS,
  plain,
  point,
  sum,
  summary,
} from "../../ottl/support.ts";

interface Harness {
  run(input: Batch | MetricsBatch): Promise<MetricsBatch | undefined>;
  readonly received: Batch[];
  readonly logs: { readonly message: string; readonly fields: LogFields }[];
  readonly counted: { value: number };
  readonly clock: { ms: number };
}

function processor(config: unknown): Harness {
  const received: Batch[] = [];
  const logs: Harness["logs"] = [];
  const counted = { value: 0 };
  const clock = { ms: 0 };
  const log = (message: string, fields: LogFields = {}) => void logs.push({ message, fields });
  const logger: Logger = { ...silentLogger, info: log, warn: log };
  const fakeClock: Clock = { now: () => NOW_MS, monotonic: () => clock.ms, schedule: () => () => {} };
  const instance = transform.create({
    id: "transform",
    config: transform.config.parse(config) as Config,
    logger,
    meter: {
      createCounter: () => ({
        add(value: number) {
          counted.value += value;
        },
      }),
    },
    clock: fakeClock,
    reportStatus() {},
    build: { command: "test", version: "0" },
    next: { consume: async (batch: Batch) => void received.push(batch) },
  } as unknown as UpstreamSettings<Config>);
  return {
    received,
    logs,
    counted,
    clock,
    async run(input) {
      const before = received.length;
      await instance.consume(input instanceof Batch ? input : Batch.from(input));
      return plain(received[before]?.resourceMetrics) as MetricsBatch | undefined;
    },
  };
}

async function problemsOf(yaml: string): Promise<string> {
  const { root, diagnostics } = await resolveConfig({ uris: [`yaml:${yaml}`], env: {}, cwd: "." });
  const node = root.get("transform");
  assert.ok(node);
  validateNode(node, transform.config, { diagnostics: diagnostics as Diagnostics, path: ["transform"] });
  return formatDiagnostics(diagnostics.items);
}

test("plain statements find their contexts and run in order", async () => {
  const { run } = processor({
    metric_statements: [
      'keep_keys(resource.attributes, ["host.name"])',
      'set(metric.description, "Sum") where metric.type == METRIC_DATA_TYPE_SUM',
      'convert_sum_to_gauge() where metric.name == "system.processes.count"',
      'convert_gauge_to_sum("cumulative", false) where metric.name == "prometheus_metric"',
      'aggregate_on_attributes("sum", ["state"]) where metric.name == "system.memory.usage"',
      'limit(datapoint.attributes, 100, ["host.name"])',
      "truncate_all(datapoint.attributes, 5)",
      'set(datapoint.attributes["described"], metric.description)',
    ],
  });
  const output = await run(
    batchOf(
      [
        sum("system.processes.count", [point(1, { long: "abcdefgh" })]),
        gauge("prometheus_metric", [point(2)]),
        gauge("system.memory.usage", [point(3, { state: "used", n: 1 }), point(4, { state: "used", n: 2 })]),
      ],
      { "host.name": "h", other: 1 },
    ),
  );
  assert.deepEqual(output?.[0]?.resource.attributes, { "host.name": "h" });
  assert.deepEqual(
    metricsOf(output).map(({ descriptor, dataPointType, dataPoints }) => [
      descriptor.name,
      dataPointType,
      dataPoints.map(({ attributes, value }) => [attributes, value]),
    ]),
    [
      ["system.processes.count", 2, [[{ long: "abcde", described: "Sum" }, 1]]],
      ["prometheus_metric", 3, [[{ described: "" }, 2]]],
      ["system.memory.usage", 2, [[{ state: "used", described: "" }, 7]]],
    ],
  );
});

test("what people chain behind a Prometheus scrape", async () => {
  const { run } = processor({
    metric_statements: [
      {
        context: "metric",
        statements: [
          'replace_pattern(name, "_total$", "")',
          'set(unit, "By") where IsMatch(name, "_bytes$")',
          "extract_count_metric(true) where type == METRIC_DATA_TYPE_HISTOGRAM",
          'set(description, Concat(["from", resource.attributes["service.name"]], " "))',
        ],
      },
      {
        context: "datapoint",
        conditions: ['metric.name != "h"'],
        statements: [
          'set(attributes["k8s.pod.name"], attributes["pod"]) where attributes["pod"] != nil',
          'delete_key(attributes, "pod")',
          'delete_matching_keys(attributes, "^kubernetes_vmi_label_")',
          'merge_maps(attributes, resource.attributes, "insert") where metric.name == "used_bytes"',
        ],
      },
      { context: "resource", statements: ['set(attributes["deployment.environment.name"], "prod")'] },
    ],
  });
  const output = await run(
    columnar(
      batchOf(
        [
          sum("rx_total", [point(1, { pod: "p", kubernetes_vmi_label_app: "x" })]),
          gauge("used_bytes", [point(2)]),
          histogram("h", [point({ buckets: { boundaries: [1], counts: [1, 1] }, count: 2 }, { pod: "q" })]),
          summary("s", [point({ count: 1, sum: 2, quantiles: [] })]),
        ],
        { "service.name": "virt-handler" },
      ),
    ),
  );
  assert.deepEqual(
    metricsOf(output).map(({ descriptor: { name, unit, description }, dataPoints }) => [
      name,
      unit,
      description,
      dataPoints[0]?.attributes,
    ]),
    [
      ["rx", "1", "from virt-handler", { "k8s.pod.name": "p" }],
      ["used_bytes", "By", "from virt-handler", { "service.name": "virt-handler" }],
      ["h", "1", "from virt-handler", { pod: "q" }],
      ["s", "1", "from virt-handler", {}],
      ["h_count", "1", "from virt-handler", { "k8s.pod.name": "q" }],
    ],
  );
  assert.equal(output?.[0]?.resource.attributes["deployment.environment.name"], "prod");
});

test("plain statements share a cache, groups have their own", async () => {
  const flat = processor({
    metric_statements: ['set(metric.cache["n"], metric.name)', 'set(metric.description, metric.cache["n"])'],
  });
  const output = await flat.run(batchOf([gauge("a", [point(1)]), gauge("b", [point(1)])]));
  // As in the Collector: the first statement has run for all metrics when the second one begins.
  assert.deepEqual(
    metricsOf(output).map(({ descriptor }) => descriptor.description),
    ["b", "b"],
  );
});

test("a failing statement is logged once a minute and counted always", async () => {
  const harness = processor({
    metric_statements: ['set(datapoint.value_double, datapoint.attributes["x"] * 1.0)'],
  });
  const input = batchOf([gauge("a", [point(1, { x: "text" }), point(2, { x: "text" })])]);
  await harness.run(input);
  await harness.run(columnar(input));
  assert.equal(harness.counted.value, 4);
  assert.equal(harness.logs.length, 1);
  assert.match(String(harness.logs[0]?.fields["error"]), /cannot calculate string \* float/);
  harness.clock.ms = 61_000;
  await harness.run(input);
  assert.equal(harness.logs.length, 2);
  assert.equal(harness.logs[1]?.fields["repeated"], 3);
  assert.equal(harness.received.length, 3, "the batches go on");
});

test("error_mode decides what a failure does, for a group before the processor's", async () => {
  const statements = ['set(datapoint.attributes["r"], datapoint.attributes["x"] + 1)'];
  const input = batchOf([gauge("a", [point(1, { x: "text" })])]);
  const silent = processor({ error_mode: "silent", metric_statements: statements });
  await silent.run(input);
  assert.deepEqual([silent.logs.length, silent.counted.value], [0, 1]);
  for (const batch of [input, columnar(input)]) {
    const propagate = processor({ metric_statements: [{ error_mode: "propagate", statements }] });
    await assert.rejects(propagate.run(batch), (error) => {
      assert.ok(isPermanent(error));
      assert.match((error as Error).message, /failed to execute "set\(datapoint/);
      return true;
    });
    assert.equal(propagate.received.length, 0);
    // It fails again with the next batch of the same layout.
    await assert.rejects(propagate.run(batch));
  }
});

test("trace logs what each statement did, at most once every ten seconds, and changes nothing", async () => {
  const harness = processor({
    trace: true,
    metric_statements: [
      'set(metric.unit, "s") where metric.name == "a"',
      'delete_key(datapoint.attributes, "x")',
    ],
  });
  const input = columnar(batchOf([gauge("a", [point(1, { x: 1 })]), gauge("b", [point(2)])]));
  const first = await harness.run(input);
  const second = await harness.run(input);
  assert.deepEqual(first, second);
  assert.deepEqual(
    harness.logs.map(({ fields }) => [fields["statement"], fields["matched"], fields["changed"]]),
    [
      ['set(metric.unit, "s") where metric.name == "a"', 1, 1],
      ['delete_key(datapoint.attributes, "x")', 2, 1],
    ],
  );
  assert.match(String(harness.logs[1]?.fields["before"]), /"attributes":\{"x":1\}/);
  harness.clock.ms = 10_000;
  await harness.run(input);
  assert.equal(harness.logs.length, 4);
});

test("trace tells also of a batch that is refused", async () => {
  const harness = processor({
    trace: true,
    error_mode: "propagate",
    metric_statements: [
      'set(metric.unit, "s")',
      'set(datapoint.attributes["y"], datapoint.attributes["x"]["z"])',
    ],
  });
  await assert.rejects(harness.run(columnar(batchOf([gauge("a", [point(1, { x: 1 })])]))));
  assert.deepEqual(
    harness.logs.map(({ fields }) => [fields["matched"], fields["changed"], fields["failed"]]),
    [
      [1, 1, 0],
      [1, 0, 1],
    ],
  );
});

test("problems are shown at the statement, with its column and a hint", async () => {
  const text = await problemsOf(
    [
      "transform:",
      "  metric_statements:",
      "    - context: datapoint",
      "      conditions: ['metric.nam == \"a\"']",
      "      statements:",
      '        - set(attributes["a"], 1)',
      '        - sett(attributes["a"], 1)',
      "        - set(value_double, value_double * 2)",
    ].join("\n"),
  );
  assert.match(
    text,
    /transform::metric_statements::0::statements::1: unknown function sett at column 1:\n {2}sett\(/,
  );
  assert.match(text, /hint: did you mean set\?/);
  assert.match(text, /:8:11: error: .*cannot calculate float \* int at column 32/);
  assert.match(text, /conditions::0: metric has no field "nam" at column 8/);
  assert.match(
    await problemsOf("transform: {metric_statements: [{statements: []}, 'set(metric.name, \"a\")']}"),
    /cannot be mixed/,
  );
  assert.match(
    await problemsOf("transform: {metric_statements: [{context: span, statements: []}]}"),
    /"resource", "scope", "metric", "datapoint"/,
  );
});

test("writing to the resource from points is warned about", () => {
  const config = transform.config.parse({
    metric_statements: ['set(resource.attributes["a"], datapoint.attributes["b"])', 'set(metric.name, "a")'],
  }) as Config;
  assert.deepEqual(
    transform.warnings?.(config).map(({ path, message }) => [path, /the last one wins/.test(message)]),
    [[["metric_statements", 0], true]],
  );
});

test("the buffer of calculated values serves the next batch", async () => {
  const { run, received } = processor({
    metric_statements: ["set(datapoint.value_double, datapoint.value_double * 2.0)"],
  });
  const input = columnar(batchOf([gauge("a", [point(1), point(2)])]));
  const consume = async () => {
    await run(input);
  };
  await consume();
  // The harness asked for plain objects, which keeps the column.
  assert.equal(received[0]?.column.retained, true);
  assert.deepEqual([...(received[0]?.column.values.subarray(0, 2) ?? [])], [2, 4]);
  assert.deepEqual([...input.column.values], [1, 2]);
});
