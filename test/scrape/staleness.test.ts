import assert from "node:assert/strict";
import { test } from "node:test";
import { PartialError, RetryableError } from "../../src/component/index.ts";
import { Presence } from "../../src/metrics/index.ts";
import { STALE, startHarness } from "./harness.ts";

const entries = (points: ReadonlyMap<string, unknown>) => Object.fromEntries(points);

test("a series that is gone gets one marker, and goes on in its place when it is back", async (t) => {
  const { serve, scrape } = await startHarness(t);
  serve("a 1\nb 2\n");
  const first = await scrape();
  serve("a 1\n");
  assert.deepEqual(entries((await scrape()).points), { "a{}": 1, "b{}": STALE });
  assert.deepEqual(entries((await scrape()).points), { "a{}": 1 });
  serve("a 1\nb 3\n");
  const back = await scrape();
  assert.deepEqual(entries(back.points), { "a{}": 1, "b{}": 3 });
  assert.equal(back.layout, first.layout, "a gap is no new layout");
  assert.equal(back.column.presence, Presence.ALL);
});

test("a histogram's marker keeps its bounds, a summary's its quantiles", async (t) => {
  const { serve, scrape } = await startHarness(t);
  serve(
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 1\nh_count 2\n# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 1\ns_count 2\n',
  );
  await scrape();
  serve("other 1\n");
  const { metrics } = await scrape();
  const values = metrics.slice(0, 2).map(({ dataPoints }) => [dataPoints[0]?.flags, dataPoints[0]?.value]);
  assert.deepEqual(values, [
    [1, { buckets: { boundaries: [1], counts: [0, 0] }, count: 0 }],
    [1, { count: 0, sum: 0, quantiles: [{ quantile: 0.5, value: 0 }] }],
  ]);
});

test("a failed scrape ends every series once, and up goes on reporting", async (t) => {
  const { serve, scrape } = await startHarness(t);
  serve("a 1\nb 2\n");
  const first = await scrape();
  serve((response) =>
    response.writeHead(503).end("Limit of concurrent requests reached (3), try again later."),
  );
  const failed = await scrape();
  assert.deepEqual(entries(failed.points), { "a{}": STALE, "b{}": STALE });
  assert.equal(failed.report["up"], 0);
  assert.equal(failed.report["scrape_samples_scraped"], 0);
  assert.equal(failed.layout, first.layout);
  const again = await scrape();
  assert.equal(again.points.size, 0);
  assert.equal(again.report["up"], 0);
  serve("a 3\nb 4\n");
  const good = await scrape();
  assert.deepEqual(entries(good.points), { "a{}": 3, "b{}": 4 });
  assert.equal(good.layout, first.layout);
});

test("a broken connection, an unknown content type and an oversized body are failed scrapes", async (t) => {
  const { serve, scrape, counts } = await startHarness(t, { bodyLimitBytes: 100 });
  serve("a 1\n");
  for (const [reason, body] of [
    ["connect", undefined],
    [
      "content_type",
      (r: import("node:http").ServerResponse) => r.setHeader("content-type", "text/html").end("a 1\n"),
    ],
    ["content_type", (r: import("node:http").ServerResponse) => r.end("a 1\n")],
    ["body_limit", `a 1\n#${"x".repeat(200)}\n`],
  ] as const) {
    serve("a 1\n");
    await scrape();
    const before = counts.of(`otelcol_scraper_failed_scrapes ${reason}`);
    serve(body);
    const { points, report } = await scrape();
    assert.equal(points.get("a{}"), STALE, reason);
    assert.equal(report["up"], 0);
    assert.equal(counts.of(`otelcol_scraper_failed_scrapes ${reason}`), before + 1);
  }
});

test("an empty answer is a good scrape without series, whatever its type", async (t) => {
  const { serve, scrape } = await startHarness(t);
  serve("a 1\n");
  await scrape();
  serve((response) => response.end());
  const { points, report } = await scrape();
  assert.deepEqual(entries(points), { "a{}": STALE });
  assert.equal(report["up"], 1);
});

test("a body with an error gives no point; what was read before the error waits for its marker", async (t) => {
  const { serve, scrape } = await startHarness(t);
  serve("a 1\nb 2\nc 3\n");
  const first = await scrape();
  serve("a 5\nnew 1\nb{ 2\nc 3\n");
  const broken = await scrape();
  assert.deepEqual(entries(broken.points), { "b{}": STALE, "c{}": STALE });
  assert.deepEqual(
    [broken.report["up"], broken.report["scrape_samples_scraped"], broken.report["scrape_series_added"]],
    [0, 2, 0],
  );
  serve("c 4\n");
  // `a` gets its marker now; `new` never arrived and gets none.
  assert.deepEqual(entries((await scrape()).points), { "a{}": STALE, "c{}": 4 });
  serve("a 1\nb 2\nc 3\n");
  const { points, layout } = await scrape();
  assert.deepEqual(entries(points), { "a{}": 1, "b{}": 2, "c{}": 3 });
  assert.deepEqual(
    layout.resources[0]?.scopes[0]?.metrics.map(({ attributes }) => attributes),
    [
      ...(first.layout.resources[0]?.scopes[0]?.metrics ?? []),
      first.layout.resources[0]?.scopes[0]?.metrics[0],
    ].map((metric) => metric?.attributes),
  );
});

test("an error in the first line ends everything, one after a label of several lines is found as well", async (t) => {
  const { serve, scrape } = await startHarness(t);
  serve('a 1\nb{x="1\n2"} 2\n');
  await scrape();
  serve("!\na 1\n");
  assert.equal([...(await scrape()).points.values()].filter((value) => value === STALE).length, 2);
  serve('a 1\nb{x="1\n2"} 2\n');
  await scrape();
  serve('a 1\nb{x="1\n2"} 2 oops\n');
  const { points, report } = await scrape();
  assert.deepEqual([...points], [["b{x=1\n2}", STALE]]);
  assert.equal(report["scrape_samples_scraped"], 1);
});

test("above the sample limit nothing arrives, nothing ends yet, and the report says how many there were", async (t) => {
  const { serve, scrape, counts } = await startHarness(t, { limits: { sampleLimit: 2 } });
  serve("a 1\nb 2\n");
  await scrape();
  serve("a 1\nb 2\nc 3\n");
  const over = await scrape();
  assert.equal(over.points.size, 0);
  assert.deepEqual([over.report["up"], over.report["scrape_samples_scraped"]], [0, 3]);
  assert.equal(counts.of("otelcol_scraper_failed_scrapes sample_limit"), 1);
  serve(undefined);
  assert.deepEqual(entries((await scrape()).points), { "a{}": STALE, "b{}": STALE });
});

test("a label above its limit fails the scrape", async (t) => {
  const { serve, scrape, counts } = await startHarness(t, { limits: { labelValueLengthLimit: 5 } });
  serve('a{x="12345"} 1\n');
  assert.equal((await scrape()).report["up"], 1);
  serve('a{x="123456"} 1\n');
  const { points, report } = await scrape();
  assert.equal(report["up"], 0);
  assert.deepEqual(entries(points), { "a{x=12345}": STALE });
  assert.equal(counts.of("otelcol_scraper_failed_scrapes label_value_length_limit"), 1);
});

test("what the pipeline refuses is as if it had not been sent", async (t) => {
  const { serve, scrape, refuse, counts, log } = await startHarness(t);
  serve("a 1\nb 2\n");
  await scrape();
  serve("a 1\nc 3\n");
  refuse(new RetryableError("queue is full"));
  await scrape();
  assert.equal(counts.of("otelcol_receiver_refused_metric_points retryable"), 8);
  await scrape();
  assert.deepEqual(
    log.map(({ message }) => message),
    ["Scraped points were refused by the pipeline and are lost."],
  );
  refuse(undefined);
  serve("a 1\n");
  // The marker of `b` comes again, `c` never arrived.
  assert.deepEqual(entries((await scrape()).points), { "a{}": 1, "b{}": STALE });
  assert.equal(log.at(-1)?.message, "Scraped points are accepted again.");
  assert.deepEqual(entries((await scrape()).points), { "a{}": 1 });
});

test("a batch that was refused in part has arrived", async (t) => {
  const { serve, scrape, refuse, counts } = await startHarness(t);
  serve("a 1\n");
  await scrape();
  const accepted = counts.of("otelcol_receiver_accepted_metric_points");
  serve("b 1\n");
  refuse(new PartialError("two points were refused", 2));
  await scrape();
  refuse(undefined);
  assert.deepEqual(entries((await scrape()).points), { "b{}": 1 });
  assert.equal(counts.of("otelcol_receiver_refused_metric_points permanent"), 2);
  assert.equal(counts.of("otelcol_receiver_accepted_metric_points"), accepted + 5 + 6);
});

test("a young pod without any kubevirt family is followed by one with them", async (t) => {
  const { serve, scrape } = await startHarness(t);
  serve("# TYPE go_goroutines gauge\ngo_goroutines 5\n");
  await scrape();
  serve("# TYPE go_goroutines gauge\ngo_goroutines 6\n# TYPE kubevirt_x_total counter\nkubevirt_x_total 1\n");
  assert.deepEqual(entries((await scrape()).points), { "go_goroutines{}": 6, "kubevirt_x_total{}": 1 });
});

test("series that come and go for ever do not pile up", async (t) => {
  const { serve, scrape } = await startHarness(t);
  const body = (generation: number) =>
    `stays 1\n${Array.from({ length: 300 }, (_, i) => `x{i="${i}",g="${generation}"} ${i}`).join("\n")}\n`;
  let width = 0;
  for (let generation = 0; generation < 60; generation++) {
    serve(body(generation));
    const { layout, points } = await scrape();
    width = Math.max(width, layout.width);
    const living = [...points].filter(([, value]) => value !== STALE);
    assert.equal(living.length, 301);
    assert.equal(points.size, generation === 0 ? 301 : 601, `in scrape ${generation}`);
    assert.equal(points.get(`x{i=7,g=${generation}}`), 7);
  }
  assert.ok(width < 30 * 300, `the layout grew to ${width}`);
});
