import assert from "node:assert/strict";
import { test } from "node:test";
import { ScrapeRefusal, type SeriesMapping } from "../../src/scrape/index.ts";
import { STALE, startHarness } from "./harness.ts";

const entries = (points: ReadonlyMap<string, unknown>) => Object.fromEntries(points);

/** Drops `drop_…`, calls `old_…` `new_…`, takes label `shard` away, and counts its calls. */
function mapping(calls: { count: number } = { count: 0 }): SeriesMapping {
  return (name, labels) => {
    calls.count += 1;
    if (name.startsWith("drop_")) return undefined;
    if (name === "bad") throw new ScrapeRefusal("invalid_series", "bad series");
    const { shard: _, ...kept } = labels;
    return { name: name.replace(/^old_/, "new_"), labels: kept };
  };
}

test("series are mapped when they are new, and never again", async (t) => {
  const calls = { count: 0 };
  const { serve, scrape } = await startHarness(t, { mapping: mapping(calls) });
  serve('a{x="1"} 1\ndrop_a 2\nold_b 3\n');
  const first = await scrape();
  assert.deepEqual(entries(first.points), { "a{x=1}": 1, "new_b{}": 3 });
  assert.equal(first.report["scrape_samples_scraped"], 3);
  assert.equal(first.report["scrape_samples_post_metric_relabeling"], 2);
  assert.equal(first.report["scrape_series_added"], 2);
  serve('a{x="1"} 4\ndrop_a 5\nold_b 6\n');
  const second = await scrape();
  assert.deepEqual(entries(second.points), { "a{x=1}": 4, "new_b{}": 6 });
  assert.equal(second.layout, first.layout);
  assert.equal(second.report["scrape_samples_post_metric_relabeling"], 2);
  assert.equal(second.report["scrape_series_added"], 0);
  assert.equal(calls.count, 3);
});

test("a dropped series neither lives nor ends", async (t) => {
  const { serve, scrape } = await startHarness(t, { mapping: mapping() });
  serve("a 1\ndrop_a 2\n");
  await scrape();
  serve("a 1\n");
  const { points, report } = await scrape();
  assert.deepEqual(entries(points), { "a{}": 1 });
  assert.equal(report["scrape_samples_post_metric_relabeling"], 1);
  serve(undefined);
  assert.deepEqual(entries((await scrape()).points), { "a{}": STALE });
});

test("a renamed series has the metadata of its new name, if there is any", async (t) => {
  const { serve, scrape } = await startHarness(t, { mapping: mapping() });
  const types = async () => {
    const { metrics } = await scrape();
    return metrics
      .slice(0, 2)
      .map(({ descriptor, metadata }) => [descriptor.name, metadata?.["prometheus.type"]]);
  };
  serve("# TYPE old_a counter\nold_a 1\n# TYPE new_b counter\nold_b 1\n");
  assert.deepEqual(await types(), [
    ["new_a", "unknown"],
    ["new_b", "counter"],
  ]);
  serve("# TYPE old_a counter\nold_a 1\n# TYPE new_b gauge\nold_b 1\n");
  assert.deepEqual((await types())[1], ["new_b", "gauge"]);
});

test("of series that become one the first counts, and it ends when the last of them is gone", async (t) => {
  const { serve, scrape, counts } = await startHarness(t, { mapping: mapping() });
  serve('a{shard="1"} 1\na{shard="2"} 2\nb 3\n');
  const first = await scrape();
  assert.deepEqual(entries(first.points), { "a{}": 1, "b{}": 3 });
  assert.equal(first.report["scrape_series_added"], 2);
  assert.equal(counts.of("otelcol_scraper_dropped_metric_points duplicate"), 1);
  const second = await scrape();
  assert.equal(second.column.presence, first.column.presence, "a steady state like any other");
  assert.equal(counts.of("otelcol_scraper_dropped_metric_points duplicate"), 2);
  serve('a{shard="2"} 2\nb 3\n');
  assert.deepEqual(entries((await scrape()).points), { "a{}": 2, "b{}": 3 });
  serve("b 3\n");
  assert.deepEqual(entries((await scrape()).points), { "a{}": STALE, "b{}": 3 });
  assert.deepEqual(entries((await scrape()).points), { "b{}": 3 });
});

test("histograms that become one stay whole", async (t) => {
  const { serve, scrape } = await startHarness(t, { mapping: mapping() });
  const of = (shard: number, count: number) =>
    `h_bucket{shard="${shard}",le="1"} ${count}\nh_bucket{shard="${shard}",le="+Inf"} ${count}\nh_sum{shard="${shard}"} ${count}\nh_count{shard="${shard}"} ${count}\n`;
  serve(`# TYPE h histogram\n${of(1, 5)}${of(2, 7)}`);
  const value = (count: number) => ({ buckets: { boundaries: [1], counts: [count, 0] }, count, sum: count });
  assert.deepEqual(entries((await scrape()).points), { "h{}": value(5) });
  serve(`# TYPE h histogram\n${of(2, 8)}`);
  assert.deepEqual(entries((await scrape()).points), { "h{}": value(8) });
});

test("series of other jobs and instances are under resources of their own", async (t) => {
  const other = { attributes: { "service.name": "other" } };
  const { serve, scrape, onBatch } = await startHarness(t, {
    mapping: (name, { job, ...labels }) => ({ name, labels, ...(job === "other" && { resource: other }) }),
  });
  let resources: unknown[] = [];
  onBatch((batch) => {
    resources = batch.resourceMetrics.map(({ resource, scopeMetrics }) => [
      resource.attributes["service.name"],
      scopeMetrics.flatMap(({ metrics }) => metrics.map(({ descriptor }) => descriptor.name)).slice(0, 2),
    ]);
  });
  serve('# TYPE a counter\na{job="other"} 1\na 2\nb{job="other"} 3\n');
  await scrape();
  assert.deepEqual(resources, [
    ["test", ["a", "up"]],
    ["other", ["a", "b"]],
  ]);
});

test("what the mapping refuses fails the scrape each time, and spares what was read before it", async (t) => {
  const { serve, scrape, counts } = await startHarness(t, { mapping: mapping() });
  serve("a 1\nb 2\n");
  await scrape();
  serve("a 1\nbad 1\nb 2\n");
  const failed = await scrape();
  assert.deepEqual(entries(failed.points), { "b{}": STALE });
  assert.equal(failed.report["up"], 0);
  assert.equal(failed.report["scrape_samples_scraped"], 2);
  assert.deepEqual(entries((await scrape()).points), {});
  assert.equal(counts.of("otelcol_scraper_failed_scrapes invalid_series"), 2);
  serve("a 1\nb 2\n");
  assert.deepEqual(entries((await scrape()).points), { "a{}": 1, "b{}": 2 });
});

test("the sample limit counts what the mapping leaves", async (t) => {
  const { serve, scrape } = await startHarness(t, { mapping: mapping(), limits: { sampleLimit: 2 } });
  serve("a 1\ndrop_a 1\ndrop_b 1\nb 1\n");
  assert.equal((await scrape()).report["up"], 1);
  serve("a 1\ndrop_a 1\nb 1\nc 1\n");
  const { report } = await scrape();
  assert.equal(report["up"], 0);
  assert.equal(report["scrape_samples_scraped"], 4);
  assert.equal(report["scrape_samples_post_metric_relabeling"], 3);
});

test("series that come and go for ever do not pile up, mapped or dropped", async (t) => {
  const calls = { count: 0 };
  const { serve, scrape } = await startHarness(t, { mapping: mapping(calls), peek: false });
  const body = (round: number) =>
    Array.from(
      { length: 100 },
      (_, i) => `a{x="${round}-${i}",shard="${i}"} ${i}\ndrop_${round}_${i} 1\n`,
    ).join("");
  let width = 0;
  for (let round = 0; round < 60; round++) {
    serve(`${body(round)}steady ${round}\n`);
    width = Math.max(width, (await scrape()).layout.width);
  }
  assert.ok(width < 6000, `the layout has ${width} slots`);
  assert.equal(calls.count, 60 * 200 + 1, "compaction maps nothing again");
});
