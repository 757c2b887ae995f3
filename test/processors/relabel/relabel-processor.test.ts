import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch, type MetricsBatch } from "../../../src/metrics/index.ts";
import relabel from "../../../src/processors/relabel/index.ts";
import { formatMetrics } from "../../../src/testing/index.ts";
import { gauges, runProcessor } from "../../support/processor-harness.ts";

type T = Parameters<typeof runProcessor>[0];

async function relabelled(t: T, rules: readonly object[], input: MetricsBatch): Promise<string[]> {
  const { send } = await runProcessor(t, relabel, { metric_relabel_configs: rules });
  const text = formatMetrics((await send(Batch.from(input)))?.resourceMetrics ?? []);
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

const input = () => [
  gauges(
    { job: "j" },
    {
      kubevirt_a: [
        { vm: "x", node: "n1" },
        { vm: "y", n: 7 },
      ],
      go_b: [{}],
    },
  ),
];

test("rules see name and labels of each point", async (t) => {
  const rows: readonly (readonly [rules: object[], lines: readonly string[]])[] = [
    [
      [{ source_labels: ["__name__"], regex: "kubevirt_.+", action: "keep" }],
      ['resource job="j"', "kubevirt_a gauge 1", '{n=7,vm="y"} 1', '{node="n1",vm="x"} 0'],
    ],
    [
      [{ source_labels: ["vm"], regex: "x", action: "drop" }],
      ['resource job="j"', "go_b gauge 1", "{} 0", "kubevirt_a gauge 1", '{n=7,vm="y"} 1'],
    ],
    [
      [
        { source_labels: ["__name__"], regex: "go_.*", action: "drop" },
        { source_labels: ["vm"], regex: "(.+)", target_label: "__name__", replacement: "vm_$1" },
        { regex: "vm|node", action: "labeldrop" },
      ],
      ['resource job="j"', "vm_x gauge 1", "{} 0", "vm_y gauge 1", "{n=7} 1"],
    ],
    [
      [
        { source_labels: ["__name__"], regex: "kubevirt_a", target_label: "__name__", replacement: "go_b" },
        { source_labels: ["n"], regex: "7", target_label: "n", replacement: "seven" },
      ],
      ['resource job="j"', "go_b gauge 1", '{n="seven",vm="y"} 1', '{node="n1",vm="x"} 0', "{} 0"],
    ],
    [[{ regex: "__name__", action: "labeldrop" }], []],
    [[{ source_labels: ["job"], regex: "j", action: "keep" }], []],
  ];
  for (const [rules, lines] of rows) {
    assert.deepEqual(
      (await relabelled(t, rules, input())).toSorted(),
      [...lines].toSorted(),
      JSON.stringify(rules),
    );
  }
});

test("what no rule changes passes as it is; results keep their identity, shared by metrics", async (t) => {
  const { send, meter } = await runProcessor(t, relabel, {
    metric_relabel_configs: [
      { regex: "node", action: "labeldrop" },
      { source_labels: ["vm"], regex: "gone", action: "drop" },
    ],
  });
  const untouched = Batch.from([gauges({}, { m: [{ a: "b", n: 1 }] })]);
  assert.equal(await send(untouched), untouched);
  const [shared, gone] = [{ vm: "x", node: "n" }, { vm: "gone" }];
  const source = gauges({}, { m: [shared, gone], n: [shared] });
  const metrics = async () => (await send(Batch.from([source]))).layout.resources[0]?.scopes[0]?.metrics;
  const [one, two] = [await metrics(), await metrics()];
  assert.deepEqual(one?.[0]?.attributes, [{ vm: "x" }]);
  assert.equal(one?.[0]?.attributes[0], one?.[1]?.attributes[0]);
  assert.equal(one?.[0]?.attributes[0], two?.[0]?.attributes[0]);
  assert.equal(await meter.total("otelcol_processor_relabel_series_dropped"), 2);
});

test("rules are checked as Prometheus checks them", () => {
  const rule = (value: object) => relabel.config.safeParse({ metric_relabel_configs: [value] }).error;
  assert.match(rule({ action: "hashmod", target_label: "x" })?.message ?? "", /must be set for hashmod/);
  assert.match(rule({ action: "replace" })?.message ?? "", /is required for replace/);
  assert.ok(relabel.config.safeParse({ metric_relabel_configs: [] }).error);
});
