import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Batch,
  Column,
  DataPointType,
  type Metric,
  NO_RECORDED_VALUE,
  Presence,
  ValueType,
} from "../../../src/metrics/index.ts";
import metricstransform from "../../../src/processors/metrics-transform/index.ts";
import { formatMetrics } from "../../../src/testing/index.ts";
import { runProcessor } from "../../support/processor-harness.ts";
import { scraped } from "../../support/two-faces.ts";
import { metricOf } from "../../temporality/processor.ts";
import { batchOf, text, transformed } from "./support.ts";

/** What is made of the last of the scrapes, without the scraper's own metrics and without times. */
async function last(pages: readonly string[], transforms: readonly object[]): Promise<string> {
  const batches = await scraped(pages, { metrics_transform: { transforms } });
  const batch = (batches.at(-1) ?? []).map((resource) => ({
    ...resource,
    scopeMetrics: resource.scopeMetrics.map((scope) => ({
      ...scope,
      metrics: scope.metrics.filter(({ descriptor }) => !/^(up|scrape_.*)$/.test(descriptor.name)),
    })),
  }));
  return formatMetrics(batch).replaceAll(/ time=\S+/g, "");
}

const sumAll = (include: string) => ({
  include,
  action: "update",
  operations: [{ action: "aggregate_labels", label_set: [] }],
});

const summary = (vm: string) =>
  `s{vm="${vm}",quantile="0.5"} 3\ns_sum{vm="${vm}"} 5\ns_count{vm="${vm}"} 2\n`;
const histogram = (vm: string, bounds: readonly string[], count: number) =>
  [...bounds, "+Inf"].map((le) => `h_bucket{vm="${vm}",le="${le}"} ${count}\n`).join("") +
  `h_sum{vm="${vm}"} 4\nh_count{vm="${vm}"} ${count}\n`;

test("a summary that is alone in a scrape keeps its quantiles, whatever was there before", async () => {
  const both = `# TYPE s summary\n${summary("a")}${summary("b")}`;
  const one = `# TYPE s summary\n${summary("a")}`;
  const alone = text(`
    resource service.name="web"
      s summary
        {} count=2 sum=5 quantiles=[0.5:3]
  `);
  assert.match(await last([both], [sumAll("s")]), /count=4 sum=10 quantiles=\[\]/);
  assert.equal(await last([both, one], [sumAll("s")]), alone);
  assert.equal(await last([both, one, one], [sumAll("s")]), alone);
  assert.match(await last([both, one, both], [sumAll("s")]), /count=4 sum=10 quantiles=\[\]/);
});

test("bounds that a vanished histogram lacked come back", async () => {
  const both = `# TYPE h histogram\n${histogram("a", ["1", "2"], 2)}${histogram("b", ["2"], 1)}`;
  const one = `# TYPE h histogram\n${histogram("a", ["1", "2"], 2)}`;
  assert.match(await last([both], [sumAll("h")]), /count=3 sum=8 buckets=\[2:3 \+Inf:0\]/);
  for (const pages of [
    [both, one],
    [both, one, one],
  ]) {
    assert.match(await last(pages, [sumAll("h")]), /count=2 sum=4 buckets=\[1:2 2:0 \+Inf:0\]/);
  }
});

test("a metric that has vanished keeps no others from being combined, nor names them", async () => {
  const combine = {
    include: "^x_(?P<kind>.*)$$",
    match_type: "regexp",
    action: "combine",
    new_name: "x_$${1}",
  };
  const a = "# TYPE x_a gauge\nx_a 1\n";
  const rest = "# TYPE x_b counter\nx_b 2\n";
  const other = "# TYPE x_c counter\nx_c 3\n";
  const combined = text(`
    resource service.name="web"
      x_b sum cumulative monotonic
        {kind="b"} 2
        {kind="c"} 3
  `);
  assert.equal(await last([a + rest + other, rest + other, rest + other], [combine]), combined);
});

test("a metric whose other points have vanished has the labels as a whole", async () => {
  const renamed = {
    include: "g",
    action: "update",
    new_name: "renamed",
    experimental_match_labels: { vm: "a" },
  };
  const [a, b] = ['# TYPE g gauge\ng{vm="a"} 1\n', 'g{vm="b"} 2\n'];
  assert.match(await last([a + b], [renamed]), /^ {2}g gauge$/m);
  assert.match(await last([a + b, a, a], [renamed]), /^ {2}renamed gauge$/m);
});

test("a stale histogram takes neither sum nor bounds from those that go on", async (t) => {
  const point = (vm: string, flags?: number) => ({
    attributes: { vm },
    at: 60,
    value: flags
      ? { count: 0, buckets: { boundaries: [], counts: [] } }
      : { count: 3, sum: 4, buckets: { boundaries: [1], counts: [1, 2] } },
    ...(flags !== undefined && { flags }),
  });
  const sum = (points: ReturnType<typeof point>[]) =>
    transformed(
      t,
      [sumAll("h")],
      batchOf([metricOf("h", points, { type: DataPointType.HISTOGRAM, unit: "" })]),
    );
  assert.match(
    await sum([point("a"), point("b", NO_RECORDED_VALUE), point("c")]),
    /\{\} count=6 sum=8 buckets=\[1:2 \+Inf:4\]/,
  );
  assert.match(
    await sum([point("a", NO_RECORDED_VALUE), point("b")]),
    /count=3 sum=4 buckets=\[1:1 \+Inf:2\]/,
  );
  assert.match(await sum([point("a", NO_RECORDED_VALUE), point("b", NO_RECORDED_VALUE)]), /\{\} stale/);
});

test("an integer that is alone in its group stays exact, whichever aggregation", async (t) => {
  const { send } = await runProcessor(t, metricstransform, {
    transforms: [
      {
        include: "m",
        action: "update",
        operations: [{ action: "aggregate_labels", label_set: [], aggregation_type: "mean" }],
      },
    ],
  });
  const exact = 2n ** 60n + 1n;
  const points = [
    { attributes: { vm: "a" }, value: exact, at: 60 },
    { attributes: { vm: "b" }, value: 3, at: 60 },
  ];
  const metric = metricOf("m", points, { type: DataPointType.GAUGE });
  const descriptor = { ...metric.descriptor, valueType: ValueType.INT };
  const { layout, column } = Batch.from(batchOf([{ ...metric, descriptor } as Metric]));
  const { values, timeNs, extras } = column;
  const of = async (...states: number[]) => {
    const presence = new Presence(Uint8Array.from(states));
    const batch = await send(Batch.fromColumns(layout, new Column({ values, timeNs, extras, presence })));
    const result = batch.resourceMetrics[0]?.scopeMetrics[0]?.metrics[0];
    return [result?.descriptor.valueType, result?.dataPoints[0]?.value];
  };
  assert.deepEqual(await of(1, 0), [ValueType.INT, exact]);
  assert.deepEqual(await of(0, 1), [ValueType.INT, 3]);
  assert.deepEqual(await of(1, 1), [ValueType.DOUBLE, (Number(exact) + 3) / 2]);
  assert.deepEqual(await of(1, 0), [ValueType.INT, exact]);
});
