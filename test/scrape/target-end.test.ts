import assert from "node:assert/strict";
import { test } from "node:test";
import { STALE, scrapeTime, startHarness } from "./harness.ts";

const entries = (points: ReadonlyMap<string, unknown>) => Object.fromEntries(points);

test("with tracking, series with times of their own end like others", async (t) => {
  const { serve, scrape } = await startHarness(t, { trackTimestampsStaleness: true });
  const at = scrapeTime(0) - 1000;
  serve(`a 1 ${at}\nm 1 ${at}\nm 2 ${at + 1}\nb 1\n`);
  assert.equal((await scrape(scrapeTime(0))).points.size, 4);
  serve(`a 1 ${at}\nm 2 ${at + 1}\nb 1\n`);
  assert.deepEqual(
    entries((await scrape(scrapeTime(1))).points),
    { "b{}": 1 },
    "seen before, but still there",
  );
  serve("b 1\n");
  assert.deepEqual(entries((await scrape(scrapeTime(2))).points), { "a{}": STALE, "m{}": STALE, "b{}": 1 });
  assert.deepEqual(entries((await scrape(scrapeTime(3))).points), { "b{}": 1 });
  serve(undefined);
  assert.deepEqual(entries((await scrape(scrapeTime(4))).points), { "b{}": STALE });
});

test("timestamps that are not honoured are as if they were not there", async (t) => {
  const { serve, scrape, counts } = await startHarness(t, { honorTimestamps: false });
  serve("a 1 1000\nm 1 1000\nm 2 2000\n");
  for (let i = 0; i < 3; i++) assert.deepEqual(entries((await scrape()).points), { "a{}": 1, "m{}": 1 });
  assert.equal(counts.of("otelcol_scraper_dropped_metric_points duplicate"), 3);
  serve("a 1 1000\n");
  assert.deepEqual(entries((await scrape()).points), { "a{}": 1, "m{}": STALE });
});

test("a label limit spares what was read before it", async (t) => {
  const { serve, scrape } = await startHarness(t, { limits: { labelValueLengthLimit: 5 } });
  serve("a 1\nb 2\n");
  await scrape();
  serve('a 1\nc{x="123456"} 1\nb 2\n');
  assert.deepEqual(entries((await scrape()).points), { "b{}": STALE });
});

test("timeout, limit and size are reported where asked for", async (t) => {
  const { serve, scrape } = await startHarness(t, {
    extraReport: true,
    timeoutMs: 2500,
    limits: { sampleLimit: 7 },
    bodyLimitBytes: 100,
  });
  serve("a 1\n");
  const { report } = await scrape();
  assert.equal(report["scrape_timeout_seconds"], 2.5);
  assert.equal(report["scrape_sample_limit"], 7);
  assert.equal(report["scrape_body_size_bytes"], 4);
  serve(`a 1\n# ${"x".repeat(100)}\n`);
  assert.equal((await scrape()).report["scrape_body_size_bytes"], -1);
  serve(undefined);
  assert.equal((await scrape()).report["scrape_body_size_bytes"], 0);
});

test("a target that is gone leaves markers for all it had, its report too", async (t) => {
  const { serve, scrape, target, onBatch } = await startHarness(t);
  serve("a 1\nb 2\n");
  await scrape();
  serve("a 1\n");
  await scrape();
  const ended: string[] = [];
  onBatch((batch) => {
    assert.equal(batch.column.timeNs, BigInt(scrapeTime(9)) * 1_000_000n);
    for (const { scopeMetrics } of batch.resourceMetrics) {
      for (const { descriptor, dataPoints } of scopeMetrics.flatMap(({ metrics }) => metrics)) {
        for (const { flags } of dataPoints) if (flags === 1) ended.push(descriptor.name);
      }
    }
  });
  await target.end(scrapeTime(9));
  assert.deepEqual(ended, [
    "a",
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
  ]);
});

test("a target that never answered leaves markers for its report", async (t) => {
  const { serve, scrape, target, onBatch } = await startHarness(t);
  serve(undefined);
  await scrape();
  let flags: (number | undefined)[] = [];
  onBatch((batch) => {
    const metrics = batch.resourceMetrics.flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap((scope) => scope.metrics),
    );
    flags = metrics.flatMap(({ dataPoints }) => dataPoints.map((point) => point.flags));
  });
  await target.end(scrapeTime(9));
  assert.deepEqual(flags, [1, 1, 1, 1, 1]);
});
