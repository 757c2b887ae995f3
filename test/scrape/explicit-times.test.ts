import assert from "node:assert/strict";
import { test } from "node:test";
import { RetryableError } from "../../src/component/index.ts";
import { STALE, scrapeTime, startHarness } from "./harness.ts";

const entries = (points: ReadonlyMap<string, unknown>) => Object.fromEntries(points);
const at = (n: number) => scrapeTime(0) - 100_000 + n;

test("each point with a time of its own passes once, several of one series in one body", async (t) => {
  const { serve, scrape, counts } = await startHarness(t);
  serve(`plain 1\nm{vm="a"} 1 ${at(1)}\nm{vm="a"} 2 ${at(2)}\n`);
  assert.deepEqual(entries((await scrape()).points), {
    "plain{}": 1,
    [`m{vm=a}@${at(1)}`]: 1,
    [`m{vm=a}@${at(2)}`]: 2,
  });
  serve(`plain 1\nm{vm="a"} 2 ${at(2)}\nm{vm="a"} 3 ${at(3)}\nm{vm="a"} 4 ${at(4)}\n`);
  assert.deepEqual(entries((await scrape()).points), {
    "plain{}": 1,
    [`m{vm=a}@${at(3)}`]: 3,
    [`m{vm=a}@${at(4)}`]: 4,
  });
  assert.equal(counts.of("otelcol_scraper_dropped_metric_points duplicate"), 1);
  assert.deepEqual(entries((await scrape()).points), { "plain{}": 1 });
  assert.equal(counts.of("otelcol_scraper_dropped_metric_points duplicate"), 4);
});

test("they get no stale markers, and are known again after a gap", async (t) => {
  const { serve, scrape } = await startHarness(t);
  serve(`plain 1\nm 1 ${at(1)}\n`);
  await scrape();
  serve("plain 1\n");
  assert.deepEqual(entries((await scrape()).points), { "plain{}": 1 });
  serve(undefined);
  assert.deepEqual(entries((await scrape()).points), { "plain{}": STALE });
  serve(`plain 1\nm 1 ${at(1)}\nm 2 ${at(2)}\n`);
  assert.deepEqual(entries((await scrape()).points), { "plain{}": 1, [`m{}@${at(2)}`]: 2 });
});

test("points older than what is remembered, or far ahead, are dropped and counted", async (t) => {
  const { serve, scrape, counts } = await startHarness(t);
  serve(`m 1 ${at(5)}\n`);
  await scrape();
  serve(`m 2 ${at(6)}\n`);
  await scrape();
  serve(`m 1 ${at(4)}\nm 3 ${at(7)}\nm 9 ${scrapeTime(20) + 11 * 60_000}\n`);
  assert.deepEqual(entries((await scrape(scrapeTime(20))).points), { [`m{}@${at(7)}`]: 3 });
  assert.equal(counts.of("otelcol_scraper_dropped_metric_points out_of_order"), 1);
  assert.equal(counts.of("otelcol_scraper_dropped_metric_points future"), 1);
});

test("the same series twice without a time counts once", async (t) => {
  const { serve, scrape, counts } = await startHarness(t);
  serve("a 1\na 2\n");
  const { points, report } = await scrape();
  assert.deepEqual(entries(points), { "a{}": 1 });
  assert.equal(report["up"], 1);
  assert.equal(counts.of("otelcol_scraper_dropped_metric_points duplicate"), 1);
});

test("a histogram has one time or is dropped", async (t) => {
  const { serve, scrape, counts } = await startHarness(t);
  const head = "# TYPE h histogram\n";
  serve(`${head}h_bucket{le="1"} 1 ${at(1)}\nh_sum 1 ${at(1)}\nh_count 2 ${at(1)}\n`);
  assert.deepEqual([...(await scrape()).points.keys()], [`h{}@${at(1)}`]);
  serve(`${head}h_bucket{le="1"} 1 ${at(2)}\nh_sum 1 ${at(2)}\nh_count 2 ${at(3)}\n`);
  assert.equal((await scrape()).points.size, 0);
  assert.equal(counts.of("otelcol_scraper_dropped_metric_points malformed"), 1);
});

test("points the pipeline refused are sent again", async (t) => {
  const { serve, scrape, refuse } = await startHarness(t);
  serve(`m 1 ${at(1)}\n`);
  refuse(new RetryableError("not now"));
  await scrape();
  refuse(undefined);
  assert.deepEqual(entries((await scrape()).points), { [`m{}@${at(1)}`]: 1 });
  assert.equal((await scrape()).points.size, 0);
});
