import assert from "node:assert/strict";
import { test } from "node:test";
import { AggregationTemporality, DataPointType, type Metric } from "../../src/metrics/index.ts";
import { startHarness } from "./harness.ts";

const body = `# HELP requests_total Requests\\nserved.
# TYPE requests_total counter
requests_total{code="200",empty=""} 12
requests_total{code="500"} 3
# TYPE temperature gauge
temperature -3.5
loose{a="1"} 7
# TYPE declared untyped
declared NaN
# TYPE latency histogram
latency_bucket{path="/",le="0.1"} 2
latency_bucket{path="/",le="10"} 5
latency_bucket{path="/",le="1"} 4
latency_bucket{path="/",le="+Inf"} 6
latency_sum{path="/"} 21.5
latency_count{path="/"} 6
# TYPE gc summary
gc{quantile="0.5"} 0.1
gc{quantile="0.99"} 0.4
gc_sum 3
gc_count 20
`;

function byName(metrics: readonly Metric[]): Map<string, Metric> {
  return new Map(metrics.map((metric) => [metric.descriptor.name, metric]));
}

test("each type becomes the metric the specification demands", async (t) => {
  const { serve, scrape } = await startHarness(t);
  serve(body);
  const { metrics, points } = await scrape();
  const all = byName(metrics);

  const counter = all.get("requests_total") as Metric & { isMonotonic: boolean };
  assert.equal(counter.dataPointType, DataPointType.SUM);
  assert.equal(counter.isMonotonic, true);
  assert.equal(counter.aggregationTemporality, AggregationTemporality.CUMULATIVE);
  assert.equal(counter.descriptor.description, "Requests\nserved.");
  assert.equal(counter.descriptor.unit, "");
  assert.deepEqual(counter.metadata, { "prometheus.type": "counter" });
  assert.deepEqual(counter.dataPoints[0]?.startTime, [0, 0]);
  assert.deepEqual(counter.dataPoints[0]?.attributes, { code: "200" });

  const types = [...all].map(([name, metric]) => [
    name,
    metric.dataPointType,
    metric.metadata?.["prometheus.type"],
  ]);
  assert.deepEqual(types.slice(0, 6), [
    ["requests_total", DataPointType.SUM, "counter"],
    ["temperature", DataPointType.GAUGE, "gauge"],
    ["loose", DataPointType.GAUGE, "unknown"],
    ["declared", DataPointType.GAUGE, "unknown"],
    ["latency", DataPointType.HISTOGRAM, "histogram"],
    ["gc", DataPointType.SUMMARY, "summary"],
  ]);
  assert.ok(Number.isNaN(points.get("declared{}")));
  assert.deepEqual(points.get("latency{path=/}"), {
    buckets: { boundaries: [0.1, 1, 10], counts: [2, 2, 1, 1] },
    count: 6,
    sum: 21.5,
  });
  assert.deepEqual(points.get("gc{}"), {
    count: 20,
    sum: 3,
    quantiles: [
      { quantile: 0.5, value: 0.1 },
      { quantile: 0.99, value: 0.4 },
    ],
  });
});

test("the scraper reports on itself with the Collector's texts", async (t) => {
  const { serve, scrape } = await startHarness(t);
  serve(body);
  const first = await scrape();
  assert.equal(first.report["up"], 1);
  assert.equal(first.report["scrape_samples_scraped"], 15);
  assert.equal(first.report["scrape_samples_post_metric_relabeling"], 15);
  assert.equal(first.report["scrape_series_added"], 15);
  assert.equal(byName(first.metrics).get("scrape_duration_seconds")?.descriptor.unit, "s");
  assert.equal((await scrape()).report["scrape_series_added"], 0);
});

test("a scraped series named like a report gauge is kept apart from it", async (t) => {
  const { serve, scrape } = await startHarness(t);
  serve("up 7\n");
  const { metrics } = await scrape();
  const ups = metrics.filter(({ descriptor }) => descriptor.name === "up");
  assert.deepEqual(
    ups.map(({ dataPoints }) => dataPoints[0]?.value),
    [7, 1],
  );
});

const histograms: readonly (readonly [what: string, lines: string, expected: unknown])[] = [
  [
    "without sum",
    'h_bucket{le="1"} 1\nh_count 2',
    { buckets: { boundaries: [1], counts: [1, 1] }, count: 2 },
  ],
  ["without buckets", "h_sum 4\nh_count 2", { buckets: { boundaries: [], counts: [2] }, count: 2, sum: 4 }],
  ["without count", 'h_bucket{le="1"} 1\nh_sum 2', undefined],
  ["with a NaN bucket", 'h_bucket{le="1"} NaN\nh_sum 2\nh_count 2', undefined],
  ["with falling buckets", 'h_bucket{le="1"} 2\nh_bucket{le="2"} 1\nh_sum 2\nh_count 2', undefined],
  ["with fewer in all than in a bucket", 'h_bucket{le="1"} 3\nh_sum 2\nh_count 2', undefined],
  ["with an infinite count", "h_sum 2\nh_count +Inf", undefined],
];

for (const [what, lines, expected] of histograms) {
  test(`a histogram ${what} is ${expected === undefined ? "dropped and counted" : "kept"}`, async (t) => {
    const { serve, scrape, counts } = await startHarness(t);
    serve(`# TYPE h histogram\n${lines}\n`);
    const { points, report } = await scrape();
    assert.deepEqual(points.get("h{}"), expected);
    assert.equal(report["up"], 1);
    assert.equal(counts.of("otelcol_scraper_dropped_metric_points malformed") > 0, expected === undefined);
    // The same again takes the short way through the scraper.
    assert.deepEqual((await scrape()).points.get("h{}"), expected);
  });
}

test("a histogram that turns bad is left out for as long as it is bad, its neighbours stay", async (t) => {
  const { serve, scrape, counts } = await startHarness(t);
  const text = (b: number) =>
    `# TYPE h histogram\nh_bucket{x="1",le="1"} ${b}\nh_count{x="1"} 5\nh_sum{x="1"} 1\nh_count{x="2"} 5\nh_sum{x="2"} 1\n`;
  serve(text(4));
  await scrape();
  const steady = await scrape();
  serve(text(6));
  const bad = await scrape();
  assert.deepEqual([...bad.points.keys()], ["h{x=2}"]);
  assert.equal(counts.of("otelcol_scraper_dropped_metric_points malformed"), 1);
  serve(text(5));
  const good = await scrape();
  assert.deepEqual([...good.points.keys()], ["h{x=1}", "h{x=2}"]);
  assert.equal(good.layout, steady.layout);
  assert.equal(good.column.presence, steady.column.presence);
});

test("a histogram whose buckets change has the new ones only", async (t) => {
  const { serve, scrape } = await startHarness(t);
  serve('# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="2"} 2\nh_sum 3\nh_count 3\n');
  await scrape();
  serve('# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="5"} 3\nh_count 4\n');
  for (let i = 0; i < 3; i++) {
    const { points } = await scrape();
    assert.deepEqual(points.get("h{}"), { buckets: { boundaries: [1, 5], counts: [1, 2, 1] }, count: 4 });
  }
});

test("samples that do not fit their family's type are counted, not guessed at", async (t) => {
  const { serve, scrape, counts } = await startHarness(t);
  serve('# TYPE h histogram\nh_bucket 1\nh_bucket{le="x"} 1\nh_count 2\nh 5\n');
  const { points } = await scrape();
  assert.deepEqual(
    [...points.keys()].filter((key) => key.startsWith("h{")),
    ["h{}"],
  );
  const first = counts.of("otelcol_scraper_dropped_metric_points malformed");
  assert.ok(first >= 2);
  await scrape();
  assert.equal(counts.of("otelcol_scraper_dropped_metric_points malformed"), 2 * first);
});

test("equal label sets are one frozen attributes object, over metrics and scrapes", async (t) => {
  const { serve, scrape } = await startHarness(t, { attributes: { team: "virt", a: "target" } });
  serve(
    'x{a="1"} 1\ny{a="1"} 2\nz 3\n# TYPE h histogram\nh_bucket{a="1",le="1"} 1\nh_count{a="1"} 1\nh_sum{a="1"} 1\n',
  );
  const first = byName((await scrape()).metrics);
  const attributes = first.get("x")?.dataPoints[0]?.attributes;
  assert.deepEqual(attributes, { a: "1", team: "virt" }, "the scraped label wins");
  assert.ok(Object.isFrozen(attributes));
  assert.equal(first.get("y")?.dataPoints[0]?.attributes, attributes);
  assert.equal(first.get("h")?.dataPoints[0]?.attributes, attributes);
  assert.deepEqual(first.get("z")?.dataPoints[0]?.attributes, { team: "virt", a: "target" });
  assert.equal(first.get("up")?.dataPoints[0]?.attributes, first.get("z")?.dataPoints[0]?.attributes);
  serve('new 1\nx{a="1"} 1\n');
  assert.equal(byName((await scrape()).metrics).get("x")?.dataPoints[0]?.attributes, attributes);
});

test("a family that changes its type or help becomes another metric of the same series", async (t) => {
  const { serve, scrape } = await startHarness(t);
  serve("# TYPE x gauge\nx 1\n");
  const before = await scrape();
  serve("# HELP x Xs.\n# TYPE x counter\nx 2\n");
  const after = await scrape();
  assert.notEqual(after.layout, before.layout);
  const x = byName(after.metrics).get("x");
  assert.deepEqual([x?.dataPointType, x?.descriptor.description], [DataPointType.SUM, "Xs."]);
  assert.deepEqual([...after.points], [["x{}", 2]]);
  assert.equal((await scrape()).layout, after.layout);
});

test("a whole family that is away for a while leaves the layout as it is", async (t) => {
  const { serve, scrape } = await startHarness(t);
  const stays = "# HELP a As.\n# TYPE a counter\na 1\n";
  serve(`${stays}# HELP m Ms.\n# TYPE m gauge\nm 1\n`);
  const first = await scrape();
  for (const body of [stays, stays, `${stays}# HELP m Ms.\n# TYPE m gauge\nm 2\n`]) {
    serve(body);
    assert.equal((await scrape()).layout, first.layout);
  }
});
