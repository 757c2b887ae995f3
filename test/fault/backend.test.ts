import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { CONTENT_TYPE_PROTOBUF, encodeExportResponse } from "../../src/otlp/index.ts";
import type { CollectorProcess } from "../support/collector-process.ts";
import { countPoints, OtlpSink, type SinkAnswer } from "../support/otlp-sink.ts";
import { NumberedTargets } from "./numbered-target.ts";
import {
  arrivalsOf,
  firstArrivals,
  type OwnMetrics,
  ownMetrics,
  prepare,
  READY,
  startCollector,
} from "./pipeline.ts";

// Windows: a signal ends the collector at once, without a drain.
const skip = process.platform === "win32";

/** Answers after which the request comes again. */
const retried = (): readonly SinkAnswer[] => [
  { fault: "reset-request" },
  { fault: "reset-response", body: "cut off" },
  { fault: "hang" },
  { status: 429, headers: { "retry-after": "1" } },
  { status: 429, headers: { "retry-after": new Date(Date.now() + 2000).toUTCString() } },
  { status: 429, headers: { "retry-after": "soon" } },
  { status: 502, body: "<html>bad gateway</html>" },
  { status: 503, body: "x".repeat(100_000) },
  { status: 504 },
];

/** Answers after which it is dropped; the last one says success, but in no way that can be read. */
const DROPPED: readonly SinkAnswer[] = [
  { status: 500 },
  { status: 400, body: Buffer.from([0xff, 0xff]) },
  { body: Buffer.from([0x0a, 0x7f]) },
];

const REJECTED = 2;

for (const storage of [true, false]) {
  const kind = storage ? "a persistent" : "a memory";
  test(`${kind} queue takes whatever a backend does, and every point is accounted for`, {
    skip,
  }, async (t) => {
    const { collector, targets, sink } = await startOnDeadPort(t, storage);
    sink.answer(...retried(), ...DROPPED, {
      body: encodeExportResponse({ rejectedDataPoints: REJECTED, errorMessage: "too old" }),
      headers: { "content-type": CONTENT_TYPE_PROTOBUF },
    });
    await collector.within(
      sink.until(() => sink.batches.length >= 6),
      "requests after the faults",
    );
    const metrics = await whenQuiet(collector, targets, sink);

    const total = (name: string, labels = {}) => metrics(`otelcol_exporter_${name}_metric_points`, labels);
    const [first] = sink.requests;
    const points = countPoints(first?.batch ?? []);
    assert.equal(total("dropped", { reason: "permanent" }), DROPPED.length * points);
    assert.equal(total("send_failed"), DROPPED.length * points);
    assert.equal(total("dropped", { reason: "partial_success" }), REJECTED);
    assert.equal(total("dropped"), DROPPED.length * points + REJECTED);
    assert.equal(total("enqueue_failed"), 0);
    assert.equal(
      metrics("otelcol_receiver_accepted_metric_points"),
      total("sent") + total("dropped") + total("queue"),
    );
    const { code } = await collector.stop();
    assert.equal(code, 0);

    // The first request got all answers up to the first that dropped it, the second one the next.
    const served = Array.from({ length: targets.scrapes }, (_, i) => i + 1);
    assert.deepEqual(firstArrivals(arrivalsOf(sink), targets), [served.slice(2)]);
    assert.equal(arrivalsOf(sink).length, served.length - 2, "and nothing came twice");
    const throttled = collector.logs.filter(({ error }) => String(error).includes("Status Code 429"));
    assert.equal(throttled[0]?.["interval"], "1s");
  });
}

/** Collector and backend, after the collector has found nobody at the address. */
async function startOnDeadPort(t: TestContext, storage: boolean) {
  const targets = await NumberedTargets.start(t, 1);
  const former = await OtlpSink.start();
  const { endpoint, port } = former;
  await former.close();
  const { configPath } = await prepare(t, {
    targets,
    endpoint,
    interval: "200ms",
    exporter: { timeout: "300ms" },
    queue: storage ? {} : { storage: undefined },
  });
  const collector = await startCollector(t, configPath);
  await collector.untilLog(READY);
  const failure = await collector.untilLog("Exporting failed. Will retry the request after interval.");
  assert.match(String(failure["error"]), /ECONNREFUSED/);
  const sink = await OtlpSink.start({ port });
  t.after(() => sink.close());
  return { collector, targets, sink };
}

/** Own metrics when no request was on its way while they were read. */
async function whenQuiet(
  collector: CollectorProcess,
  targets: NumberedTargets,
  sink: OtlpSink,
): Promise<OwnMetrics> {
  for (;;) {
    const before = [targets.scrapes, sink.requests.length].join();
    const metrics = await ownMetrics(collector);
    const after = [targets.scrapes, sink.requests.length].join();
    if (before === after && metrics("otelcol_exporter_queue_metric_points") === 0) return metrics;
    await collector.within(targets.more(1), "a scrape");
  }
}
