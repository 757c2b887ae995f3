import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AggregationTemporality,
  Batch,
  DataPointType,
  type Metric,
  type MetricsBatch,
  ValueType,
} from "../../../src/metrics/index.ts";
import metricstransform from "../../../src/processors/metrics-transform/index.ts";
import { runProcessor } from "../../support/processor-harness.ts";
import { metricOf, type SentPoint } from "../../temporality/processor.ts";
import { batchOf, text, transformed } from "./support.ts";

const { GAUGE, HISTOGRAM, SUMMARY, EXPONENTIAL_HISTOGRAM, SUM } = DataPointType;

const gauge = (name: string, points: readonly (readonly [attributes: object, value: unknown])[]): Metric =>
  metricOf(
    name,
    points.map(([attributes, value]): SentPoint => ({ attributes: { ...attributes }, value, at: 60 })),
    { type: GAUGE, unit: "" },
  );
const typed = (type: DataPointType, name: string, points: readonly (readonly [object, unknown])[]): Metric =>
  metricOf(
    name,
    points.map(([attributes, value]): SentPoint => ({ attributes: { ...attributes }, value, at: 60 })),
    { type, unit: "" },
  );

const cpu = () =>
  batchOf([
    gauge("cpu", [
      [{ cpu: "0", state: "user" }, 1],
      [{ cpu: "1", state: "user" }, 2],
      [{ cpu: "0", state: "system" }, 4],
      [{ cpu: "1", state: "system" }, 8],
    ]),
    gauge("memory", [[{}, 5]]),
  ]);

const rest = "  memory gauge\n    {} 5\n";

test("update renames and changes labels in place", async (t) => {
  const out = await transformed(
    t,
    [
      {
        include: "cpu",
        action: "update",
        new_name: "system.cpu",
        operations: [
          { action: "add_label", new_label: "by", new_value: "otelcol {{version}}" },
          { action: "add_label", new_label: "state", new_value: "is there already" },
          {
            action: "update_label",
            label: "state",
            new_label: "mode",
            value_actions: [{ value: "user", new_value: "usr" }],
          },
          { action: "delete_label_value", label: "cpu", label_value: 1 },
        ],
      },
    ],
    cpu(),
  );
  assert.equal(
    out,
    text(`
      resource
        memory gauge
          {} 5
        system.cpu gauge
          {by="otelcol 0",cpu="0",mode="system"} 4
          {by="otelcol 0",cpu="0",mode="usr"} 1
    `),
  );
});

test("regular expressions choose and rename by their groups", async (t) => {
  const rename = (include: string, new_name: string) =>
    transformed(t, [{ include, match_type: "regexp", action: "update", new_name }], cpu());
  assert.match(await rename("^(c)(?P<rest>.+)$", "\x24{rest}.\x24{1}"), /\n {2}pu\.c gauge/);
  assert.match(await rename("^m", "x_$0"), /\n {2}x_m gauge/);
  assert.match(await rename("nothing", "x"), /cpu gauge[\s\S]*memory gauge/);
});

test("insert changes a copy; later transforms see it", async (t) => {
  const scale = { action: "experimental_scale_value", experimental_scale: 10 };
  const out = await transformed(
    t,
    [
      { include: "memory", action: "insert", new_name: "copy", operations: [scale] },
      { include: "copy", action: "update", operations: [scale] },
      { include: "memory", action: "update", operations: [scale] },
    ],
    batchOf([gauge("memory", [[{}, 5]])]),
  );
  assert.equal(out, "resource\n  copy gauge\n    {} 500\n  memory gauge\n    {} 50\n");
});

test("labels choose points: of a copy, or those whose labels are updated", async (t) => {
  const labels = { experimental_match_labels: { state: "user" } };
  const inserted = await transformed(
    t,
    [{ include: "cpu", action: "insert", new_name: "user", ...labels }],
    cpu(),
  );
  assert.match(
    inserted,
    /\n {2}user gauge\n {4}\{cpu="0",state="user"\} 1\n {4}\{cpu="1",state="user"\} 2\n$/,
  );
  const updated = await transformed(
    t,
    [
      {
        include: "cpu",
        match_type: "regexp",
        experimental_match_labels: { state: "^us" },
        action: "update",
        new_name: "no",
        operations: [{ action: "add_label", new_label: "x", new_value: 1 }],
      },
    ],
    cpu(),
  );
  assert.match(updated, /\n {2}cpu gauge\n[\s\S]*state="system"\} 4\n[\s\S]*state="user",x="1"\} 1\n/);
  const unknown = { experimental_match_labels: { nope: "x" } };
  const none = await transformed(t, [{ include: "cpu", action: "insert", new_name: "x", ...unknown }], cpu());
  assert.doesNotMatch(none, / x gauge/);
  const missing = { experimental_match_labels: { nope: "" } };
  const all = await transformed(t, [{ include: "cpu", action: "insert", new_name: "x", ...missing }], cpu());
  assert.match(all, / x gauge/);
});

test("combine makes labels of named groups and merges what is equal then", async (t) => {
  const input = batchOf([
    gauge("web_get_ms", [
      [{ code: "200" }, 1],
      [{ code: "500" }, 2],
    ]),
    gauge("web_PUT_ms", [[{ code: "200" }, 4]]),
    gauge("web_get_MS", [[{ code: "200" }, 8]]),
  ]);
  const combine = {
    include: "^web_(?P<verb>[^_]+)_",
    match_type: "regexp",
    action: "combine",
    new_name: "web",
  };
  const lines = '    {code="200",verb="get"} 9\n    {code="500",verb="get"} 2\n';
  assert.equal(
    await transformed(t, [combine], input),
    `resource\n  web gauge\n    {code="200",verb="PUT"} 4\n${lines}`,
  );
  assert.equal(
    await transformed(t, [{ ...combine, submatch_case: "lower", aggregation_type: "max" }], input),
    text(`
      resource
        web gauge
          {code="200",verb="get"} 8
          {code="200",verb="put"} 4
          {code="500",verb="get"} 2
    `),
  );
});

test("combine leaves metrics that differ as they are, and says so once", async (t) => {
  const { send, logger, meter } = await runProcessor(t, metricstransform, {
    transforms: [{ include: "^[ab]$", match_type: "regexp", action: "combine", new_name: "c" }],
  });
  const input = batchOf([gauge("a", [[{}, 1]]), typed(SUM, "b", [[{}, 1]])]);
  const batch = Batch.from(input);
  assert.equal(await send(batch), batch);
  await send(Batch.from(structuredClone(input)));
  assert.deepEqual(
    logger.lines.map(({ message }) => message),
    ["Metrics were not combined, since they differ."],
  );
  assert.equal(await meter.total("otelcol_processor_metricstransform_combine_failures"), 2);
});

test("combine takes points with the labels only", async (t) => {
  const out = await transformed(
    t,
    [
      {
        include: "cpu",
        experimental_match_labels: { state: "user" },
        action: "combine",
        new_name: "cpu.user",
        operations: [{ action: "aggregate_labels", label_set: [] }],
      },
    ],
    cpu(),
  );
  assert.equal(
    out,
    `resource\n  cpu gauge\n    {cpu="0",state="system"} 4\n    {cpu="1",state="system"} 8\n  cpu.user gauge\n    {} 3\n${rest}`,
  );
});

test("group moves metrics to a resource of their own", async (t) => {
  const out = await transformed(
    t,
    [{ include: "^mem", match_type: "regexp", action: "group", group_resource_labels: { kind: "memory" } }],
    [...cpu(), ...batchOf([gauge("memory", [[{}, 7]])], { host: "b" })],
  );
  assert.equal(
    out,
    text(`
      resource
        cpu gauge
          {cpu="0",state="system"} 4
          {cpu="0",state="user"} 1
          {cpu="1",state="system"} 8
          {cpu="1",state="user"} 2
      resource host="b" kind="memory"
        memory gauge
          {} 7
      resource kind="memory"
        memory gauge
          {} 5
    `),
  );
});

test("aggregate_labels merges by each aggregation; no labels at all merge everything", async (t) => {
  const aggregated = (operation: object) =>
    transformed(t, [{ include: "cpu", action: "update", operations: [operation] }], cpu());
  const rows: readonly (readonly [type: string | undefined, system: number, user: number])[] = [
    [undefined, 12, 3],
    ["sum", 12, 3],
    ["mean", 6, 1.5],
    ["min", 4, 1],
    ["max", 8, 2],
    ["count", 2, 2],
    ["median", 6, 1.5],
  ];
  for (const [aggregation_type, system, user] of rows) {
    assert.equal(
      await aggregated({ action: "aggregate_labels", label_set: ["state", "nope"], aggregation_type }),
      `resource\n  cpu gauge\n    {state="system"} ${system}\n    {state="user"} ${user}\n${rest}`,
      aggregation_type,
    );
  }
  assert.equal(
    await aggregated({ action: "aggregate_labels", label_set: [] }),
    `resource\n  cpu gauge\n    {} 15\n${rest}`,
  );
  assert.equal(
    await aggregated({
      action: "aggregate_label_values",
      label: "state",
      aggregated_values: ["user", "system"],
      new_value: "busy",
      aggregation_type: "max",
    }),
    `resource\n  cpu gauge\n    {cpu="0",state="busy"} 4\n    {cpu="1",state="busy"} 8\n${rest}`,
  );
});

test("histograms add up over the bounds they have in common, exponential ones at the coarser scale", async (t) => {
  const histogram = (boundaries: number[], counts: number[], sum: number, more = {}) => ({
    buckets: { boundaries, counts },
    count: counts.reduce((a, b) => a + b),
    sum,
    ...more,
  });
  const exponential = (scale: number, offset: number, bucketCounts: number[]) => ({
    count: bucketCounts.reduce((a, b) => a + b),
    sum: 1,
    scale,
    zeroCount: 0,
    positive: { offset, bucketCounts },
    negative: { offset: 0, bucketCounts: [] },
  });
  const out = await transformed(
    t,
    [
      {
        include: ".",
        match_type: "regexp",
        action: "update",
        operations: [{ action: "aggregate_labels", label_set: [], aggregation_type: "max" }],
      },
    ],
    batchOf([
      typed(HISTOGRAM, "h", [
        [{ a: 1 }, histogram([1, 2, 5], [1, 2, 3, 4], 10, { min: 0, max: 9 })],
        [{ a: 2 }, histogram([1, 5], [10, 20, 30], 100, { min: 1, max: 7 })],
      ]),
      typed(EXPONENTIAL_HISTOGRAM, "e", [
        [{ a: 1 }, exponential(1, 0, [1, 2, 3, 4])],
        [{ a: 2 }, exponential(0, 1, [10])],
      ]),
    ]),
  );
  assert.equal(
    out,
    text(`
      resource
        e exponential_histogram cumulative
          {} count=20 sum=2 scale=0 zero=0 positive=0:[3 17] negative=0:[]
        h histogram cumulative
          {} count=70 sum=110 min=0 max=9 buckets=[1:11 5:25 +Inf:34]
    `),
  );
});

test("summaries are never emptied: counts and sums add up, one by itself keeps its quantiles", async (t) => {
  const summary = (count: number, sum: number) => ({
    count,
    sum,
    quantiles: [{ quantile: 0.5, value: sum / count }],
  });
  const input = batchOf([
    typed(SUMMARY, "s", [
      [{ a: "1", b: "x" }, summary(2, 4)],
      [{ a: "2", b: "x" }, summary(3, 6)],
      [{ a: "1", b: "y" }, summary(4, 8)],
    ]),
  ]);
  const operations = [{ action: "aggregate_labels", label_set: ["b"] }];
  assert.equal(
    await transformed(t, [{ include: "s", action: "update", operations }], input),
    text(`
      resource
        s summary
          {b="x"} count=5 sum=10 quantiles=[]
          {b="y"} count=4 sum=8 quantiles=[0.5:2]
    `),
  );
});

test("experimental_scale_value scales numbers, sums, bounds and quantiles", async (t) => {
  const scaled = (metric: Metric, experimental_scale = 1000) =>
    transformed(
      t,
      [
        {
          include: metric.descriptor.name,
          action: "update",
          operations: [{ action: "experimental_scale_value", experimental_scale }],
        },
      ],
      batchOf([metric]),
    );
  const h = {
    buckets: { boundaries: [0.5, 1], counts: [1, 2, 3] },
    count: 6,
    sum: 4,
    min: 0.25,
    max: 2,
  };
  assert.match(
    await scaled(typed(HISTOGRAM, "h", [[{}, h]])),
    /count=6 sum=4000 min=250 max=2000 buckets=\[500:1 1000:2 \+Inf:3\]/,
  );
  assert.match(
    await scaled(typed(HISTOGRAM, "h", [[{}, h]]), -1),
    /count=6 sum=4 min=0.25 max=2 buckets=\[0.5:1/,
  );
  const s = { count: 2, sum: 3, quantiles: [{ quantile: 0.9, value: 2 }] };
  assert.match(await scaled(typed(SUMMARY, "s", [[{}, s]])), /count=2 sum=3000 quantiles=\[0.9:2000\]/);
  const e = {
    count: 2,
    sum: 3,
    scale: 1,
    zeroCount: 0,
    positive: { offset: 1, bucketCounts: [2] },
    negative: { offset: 0, bucketCounts: [] },
  };
  assert.match(
    await scaled(typed(EXPONENTIAL_HISTOGRAM, "e", [[{}, e]]), 4),
    /sum=12 scale=1 zero=0 positive=5:\[2\]/,
  );
  assert.match(await scaled(gauge("g", [[{}, 7n]]), 0.5), /\{\} 3\n/);
  assert.match(await scaled(gauge("g", [[{}, 9007199254740993n]]), 3), /\{\} 27021597764222979\n/);
});

test("toggle_scalar_data_type makes integers doubles and doubles integers", async (t) => {
  const { send } = await runProcessor(t, metricstransform, {
    transforms: [{ include: "g", action: "update", operations: [{ action: "toggle_scalar_data_type" }] }],
  });
  const sent = async (valueType: ValueType, value: number | bigint) => {
    const metric = gauge("g", [[{}, value]]);
    const descriptor = { ...metric.descriptor, valueType };
    const batch = await send(Batch.from(batchOf([{ ...metric, descriptor } as Metric])));
    const [out] = batch.resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? [];
    return [out?.descriptor.valueType, out?.dataPoints[0]?.value];
  };
  assert.deepEqual(await sent(ValueType.INT, 5n), [ValueType.DOUBLE, 5]);
  assert.deepEqual(await sent(ValueType.DOUBLE, -2.7), [ValueType.INT, -2]);
});

test("integers beyond 2^53 add up exactly", async (t) => {
  const big = 2n ** 53n + 1n;
  const out = await transformed(
    t,
    [{ include: "g", action: "update", operations: [{ action: "aggregate_labels", label_set: [] }] }],
    batchOf([
      gauge("g", [
        [{ a: 1 }, big],
        [{ a: 2 }, big + 2n],
      ]),
    ]),
  );
  assert.match(out, /\{\} 18014398509481988\n/);
});

test("points of several times in a batch stay apart, a stale one counts as ended only if all are", async (t) => {
  const at = (second: number, a: string, value: number, flags?: number): SentPoint => ({
    attributes: { a },
    value,
    at: second,
    from: second - 1,
    ...(flags !== undefined && { flags }),
  });
  const input = (points: SentPoint[]): MetricsBatch =>
    batchOf([metricOf("m", points, { type: SUM, temporality: AggregationTemporality.DELTA, unit: "" })]);
  const sum = (points: SentPoint[]) =>
    transformed(
      t,
      [{ include: "m", action: "update", operations: [{ action: "aggregate_labels", label_set: [] }] }],
      input(points),
    );
  assert.equal(
    await sum([at(1, "x", 1), at(2, "x", 2), at(1, "y", 10), at(2, "y", 20)]),
    "resource\n  m sum delta monotonic\n    {} 11\n    {} 22\n",
  );
  assert.match(await sum([at(1, "x", 1), at(1, "y", 2, 1), at(1, "z", 4)]), /\{\} 5\n$/);
  assert.match(await sum([at(1, "x", 1, 1), at(1, "y", 2, 1)]), /\{\} stale\n$/);
});

test("what makes no sense is refused with the option that is wrong", () => {
  const base = { include: "a", action: "update" };
  const operation = (value: object) => ({ ...base, operations: [value] });
  const rows: readonly (readonly [transform: object, path: string, message: RegExp])[] = [
    [{ include: "a", action: "insert" }, "new_name", /is required for insert/],
    [{ include: "a", action: "combine" }, "new_name", /is required for combine/],
    [{ include: "a", action: "group" }, "group_resource_labels", /is required for group/],
    [{ ...base, group_resource_labels: {} }, "group_resource_labels", /must not be set/],
    [{ ...base, aggregation_type: "sum" }, "aggregation_type", /must not be set for update/],
    [{ ...base, submatch_case: "lower" }, "submatch_case", /must not be set for update/],
    [{ ...base, include: "(", match_type: "regexp" }, "include", /invalid regular/],
    [
      { ...base, match_type: "regexp", experimental_match_labels: { x: "(" } },
      "experimental_match_labels.x",
      /invalid regular/,
    ],
    [operation({ action: "add_label", new_label: "x" }), "operations.0.new_value", /is required/],
    [operation({ action: "update_label", label: "x" }), "operations.0", /new_label or value_actions/],
    [operation({ action: "delete_label_value", label: "x" }), "operations.0.label_value", /is required/],
    [operation({ action: "experimental_scale_value" }), "operations.0.experimental_scale", /is required/],
    [
      operation({ action: "experimental_scale_value", experimental_scale: 0 }),
      "operations.0.experimental_scale",
      /must not be 0/,
    ],
    [operation({ action: "aggregate_labels" }), "operations.0.label_set", /is required/],
    [
      operation({ action: "toggle_scalar_data_type", label: "x" }),
      "operations.0.label",
      /must not be set for toggle/,
    ],
  ];
  for (const [transform, path, message] of rows) {
    const [issue] = metricstransform.config.safeParse({ transforms: [transform] }).error?.issues ?? [];
    assert.equal(issue?.path.join("."), `transforms.0.${path}`, JSON.stringify(transform));
    assert.match(issue?.message ?? "", message);
  }
});
