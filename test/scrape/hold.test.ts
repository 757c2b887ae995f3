import assert from "node:assert/strict";
import { test } from "node:test";
import { PermanentError, RetryableError } from "../../src/component/index.ts";
import { scrapeTime, startHarness } from "./harness.ts";

const BODY = "# TYPE a gauge\na 1\n";

test("points that are to come again later are kept until they are taken", async (t) => {
  const harness = await startHarness(t);
  harness.serve(BODY);
  harness.refuse(new RetryableError("data refused due to high memory usage", { retryAfterMs: 500 }));
  const offered: number[] = [];
  const second = Promise.withResolvers<void>();
  harness.onBatch(() => {
    offered.push(harness.clock.monotonic());
    if (offered.length === 2) second.resolve();
  });
  const scraping = harness.scrape(scrapeTime(1));
  // The scrape itself takes real time, the wait is the clock's.
  while (offered.length < 2) {
    await new Promise(setImmediate);
    harness.clock.advance(500);
  }
  await second.promise;
  harness.refuse(undefined);
  await new Promise(setImmediate);
  harness.clock.advance(500);
  const { points, column } = await scraping;
  assert.equal(points.get("a{}"), 1);
  assert.equal(column.timeNs, BigInt(scrapeTime(1)) * 1_000_000n, "with the time of the scrape");
  assert.deepEqual(
    harness.log.map(({ message }) => message),
    [
      "The pipeline refuses points for now. They are kept, and no further scrape is made.",
      "The pipeline has taken the points that were kept.",
    ],
  );
});

test("the end of the scraping gives up what is kept", async (t) => {
  const abort = new AbortController();
  const harness = await startHarness(t, { signal: abort.signal });
  harness.serve(BODY);
  harness.refuse(new RetryableError("short of memory", { retryAfterMs: 500 }));
  harness.onBatch(() => setImmediate(() => abort.abort()));
  await harness.scrape();
  assert.ok(harness.log.some(({ message }) => message.endsWith("are lost.")));
});

test("other refusals are not waited for", async (t) => {
  const harness = await startHarness(t);
  harness.serve(BODY);
  for (const error of [new RetryableError("queue is full"), new PermanentError("no")]) {
    harness.refuse(error);
    await harness.scrape();
  }
  assert.equal(harness.log.filter(({ message }) => message.endsWith("are lost.")).length, 2);
});
