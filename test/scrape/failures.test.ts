import assert from "node:assert/strict";
import { test } from "node:test";
import { startHarness } from "./harness.ts";

test("a failure is logged when it begins, when its cause changes, rarely while it lasts, and when it is over", async (t) => {
  const { serve, scrape, log, clock, counts } = await startHarness(t);
  const messages = () =>
    log.map(({ level, message, fields }) => `${level} ${message} ${String(fields["reason"] ?? "")}`);
  const body = `fine 1\nbroken{a="1"} ${"y".repeat(300)}\n`;
  serve(body);
  for (let i = 0; i < 5; i++) await scrape();
  assert.deepEqual(messages(), ["warn Scrape failed. parse"]);
  const { target, line, column, text } = (log[0]?.fields ?? {}) as Record<string, string | number>;
  assert.match(String(target), /^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  assert.equal(line, 2);
  assert.equal(typeof column, "number");
  assert.ok(String(text).startsWith('broken{a="1"} yyy') && String(text).length <= 120);
  clock.advance(11 * 60_000);
  await scrape();
  assert.equal(log.length, 2);
  assert.equal(log[1]?.fields["repeated"], 4);
  serve((response) => response.writeHead(500).end("An error has occurred while serving metrics"));
  await scrape();
  await scrape();
  serve("fine 1\n");
  await scrape();
  await scrape();
  assert.deepEqual(messages().slice(2), ["warn Scrape failed. http_status", "info Scrape works again. "]);
  assert.equal(counts.of("otelcol_scraper_failed_scrapes parse"), 6);
  assert.equal(counts.of("otelcol_scraper_failed_scrapes http_status"), 2);
});

test("a target that does not answer in time fails within its timeout", async (t) => {
  const { serve, scrape, counts } = await startHarness(t, { timeoutMs: 50 });
  serve(() => undefined);
  assert.equal((await scrape()).report["up"], 0);
  serve((response) => response.setHeader("content-type", "text/plain").write("a 1\n"));
  assert.equal((await scrape()).report["up"], 0);
  assert.equal(counts.of("otelcol_scraper_failed_scrapes timeout"), 2);
});

test("the request says what Prometheus says", async (t) => {
  const { serve, scrape, headers } = await startHarness(t, { timeoutMs: 1500 });
  serve("a 1\n");
  await scrape();
  assert.match(String(headers()["accept"]), /^text\/plain;version=1\.0\.0;escaping=allow-utf-8;q=0\.6,/);
  assert.equal(headers()["x-prometheus-scrape-timeout-seconds"], "1.5");
  assert.equal(headers()["accept-encoding"], "zstd,gzip");
});

test("what happens beside a scrape travels in its batch and does not stop it", async (t) => {
  let value = 1;
  const { serve, scrape } = await startHarness(t, {
    attributes: { team: "virt" },
    probes: [
      {
        name: "probe.works",
        description: "A probe.",
        unit: "1",
        attributes: { endpoint: "somewhere" },
        measure: async () => value,
      },
    ],
  });
  serve("a 1\n");
  const { report, metrics } = await scrape();
  assert.equal(report["probe.works"], 1);
  assert.deepEqual(metrics.at(-1)?.dataPoints[0]?.attributes, { endpoint: "somewhere", team: "virt" });
  value = 0;
  serve(undefined);
  const failed = await scrape();
  assert.deepEqual([failed.report["probe.works"], failed.report["up"]], [0, 0]);
});

test("a scrape that is given up hands nothing on", async (t) => {
  const abort = new AbortController();
  const { serve, target, onBatch } = await startHarness(t, { signal: abort.signal });
  let batches = 0;
  onBatch(() => {
    batches += 1;
  });
  serve(() => abort.abort(new Error("shut down")));
  await target.scrape(0);
  assert.equal(batches, 0);
});
