import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { temporaryDirectory } from "../support/certificates.ts";
import { OtlpSink } from "../support/otlp-sink.ts";
import { arrivalsOf, firstArrivals, type OwnMetrics } from "./pipeline.ts";
import { type Changes, type Rig, startRig } from "./reload-rig.ts";

// Windows: a signal ends the collector at once.
const skip = process.platform === "win32";

/** So short that nothing of what arrives was saved by a drain. */
const BRIEF = "300ms";

/** So long that nothing may wait for a part of it. */
const LONG = "1h";

const points = (metrics: OwnMetrics, name: string) => metrics(`otelcol_exporter_${name}_metric_points`);

/** Every point that was received is in exactly one place, unless one is on its way into the queue just now. */
function isAccountedFor(metrics: OwnMetrics): boolean {
  const places = ["sent", "queue", "dropped", "queue_left"].reduce(
    (sum, name) => sum + points(metrics, name),
    0,
  );
  return metrics("otelcol_receiver_accepted_metric_points") + points(metrics, "queue_restored") === places;
}

/** Every scrape arrives, once, in order, and the counters say so. */
async function everythingArrives({ targets, collector, scrapes, until }: Rig, sink: OtlpSink): Promise<void> {
  // The last scrapes may be cut off by the brief shutdown, but none of these.
  const served = [...targets.served];
  await scrapes(2 * targets.count);
  const metrics = await until((now) => isAccountedFor(now) && points(now, "queue") === 0);
  assert.equal(points(metrics, "dropped"), 0);
  assert.equal(metrics("otelcol_receiver_refused_metric_points"), 0);
  const { code } = await collector.stop();
  assert.equal(code, collector.logs.some(({ reason }) => reason === "shutdown") ? 1 : 0);
  const arrived = firstArrivals(arrivalsOf(sink), targets);
  for (const [target, numbers] of arrived.entries()) {
    assert.ok(numbers.length >= (served[target] ?? 0), `${numbers.length} of ${served[target]}`);
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => i + 1),
    );
  }
  assert.equal(arrivalsOf(sink).length, arrived.flat().length, "nothing came twice");
}

describe("a reload while the backend is away", { concurrency: 2, skip }, () => {
  for (const persistent of [false, true]) {
    test(`${persistent ? "a persistent" : "a memory"} queue goes on in the exporter that replaces it`, async (t) => {
      const it = await startRig(t, persistent, BRIEF);
      await it.scrapes(6);
      const changes: readonly Changes[] = [
        { exporter: { timeout: "3s" } },
        { exporter: { headers: { "x-life": "life-1", "x-new": "yes" } } },
        { exporter: { compression: "none" } },
        { retry: { initial_interval: "30ms" } },
        { queue: { queue_size: 50_000 } },
        {},
      ];
      for (const change of changes) {
        await it.reload(it.config(change));
        await it.scrapes(3);
        const metrics = await it.until(isAccountedFor);
        assert.ok(points(metrics, "queue") > 0);
        assert.equal(points(metrics, "queue_restored"), 0, "nothing is of an earlier run");
      }
      const sink = await it.backend();
      await it.scrapes(3);
      await everythingArrives(it, sink);
    });
  }

  test("a queue moves to a storage and back", async (t) => {
    const it = await startRig(t, false, BRIEF);
    await it.scrapes(6);
    await it.reload(it.config({}, true));
    await it.scrapes(6);
    await it.reload(it.config({}, false));
    await it.scrapes(3);
    await it.until(isAccountedFor);
    await everythingArrives(it, await it.backend());
  });

  test("a storage is exchanged for another one and comes back", async (t) => {
    const it = await startRig(t, true, BRIEF);
    await it.scrapes(6);
    await it.reload(it.config({ storage: { directory: `${await temporaryDirectory(t)}/other` } }));
    const away = await it.until(isAccountedFor);
    assert.ok(points(away, "queue_left") > 0);
    assert.equal(points(away, "queue_restored"), 0);
    const sink = await it.backend();
    await it.scrapes(3);
    await it.until((now) => isAccountedFor(now) && points(now, "queue") === 0);
    await it.reload(it.config());
    const back = await it.until((now) => isAccountedFor(now) && points(now, "queue") === 0);
    assert.equal(points(back, "queue_restored"), points(back, "queue_left"));
    assert.equal((await it.collector.stop()).code, 0);
    const arrived = firstArrivals(arrivalsOf(sink), it.targets).map((numbers) =>
      numbers.toSorted((a, b) => a - b),
    );
    for (const numbers of arrived)
      assert.deepEqual(
        numbers,
        [...numbers.keys()].map((i) => i + 1),
      );
  });

  test("an exporter with a storage that goes too does not hold up the reload; what it has left stays there", async (t) => {
    const it = await startRig(t, true, LONG);
    await it.scrapes(6);
    const sink = await OtlpSink.start();
    t.after(() => sink.close());
    const { extensions: _, ...config } = it.config();
    await it.reload({
      ...config,
      exporters: { "otlp_http/other": { endpoint: sink.endpoint, headers: { "x-life": "life-1" } } },
      service: {
        ...config.service,
        extensions: [],
        pipelines: { metrics: { receivers: ["kubevirt_handler"], exporters: ["otlp_http/other"] } },
      },
    });
    const away = await it.until((now) => isAccountedFor(now) && points(now, "queue") === 0);
    assert.ok(points(away, "queue_left") > 0);
    await it.backend();
    await it.reload(it.config());
    const back = await it.until((now) => isAccountedFor(now) && points(now, "queue") === 0);
    assert.equal(points(back, "queue_restored"), points(away, "queue_left"));
    assert.equal(points(back, "dropped"), 0);
    assert.equal((await it.collector.stop()).code, 0);
  });

  for (const fault of ["refuses", "hangs"] as const) {
    test(`what waits in an exporter without a queue, whose backend ${fault}, goes on in the next one`, async (t) => {
      const stuck = await OtlpSink.start();
      t.after(() => stuck.close());
      stuck.defaultAnswer = fault === "hangs" ? { fault: "hang" } : { status: 503 };
      const unqueued: Changes = { queue: { enabled: false }, exporter: { timeout: 0 } };
      const it = await startRig(t, false, LONG, { ...unqueued, endpoint: stuck.endpoint });
      await it.collector.within(
        stuck.until(() => stuck.requests.length >= it.targets.count),
        "a request of each target",
      );
      const sink = await OtlpSink.start();
      t.after(() => sink.close());
      await it.reload(it.config({ endpoint: sink.endpoint }));
      await everythingArrives(it, sink);
    });
  }

  test("what was queued goes to the endpoint that is configured now", async (t) => {
    const it = await startRig(t, false, BRIEF);
    await it.scrapes(6);
    // The series of the old endpoint are seen with what it has queued.
    await it.until(isAccountedFor);
    const sink = await OtlpSink.start();
    t.after(() => sink.close());
    await it.reload(it.config({ endpoint: sink.endpoint }));
    await it.scrapes(3);
    await everythingArrives(it, sink);
  });

  test("a new configuration that cannot start gives back what it took over", async (t) => {
    const it = await startRig(t, false, BRIEF);
    await it.scrapes(6);
    await it.write(it.config({ exporter: { tls: { ca_file: "/no/such/file.pem" } } }));
    it.collector.signal("SIGHUP");
    await it.collector.untilLog("The configuration could not be reloaded.");
    await it.scrapes(3);
    await everythingArrives(it, await it.backend());
  });

  test("an exporter that is gone delivers beside the new ones, which do not wait for it; what is left is counted", async (t) => {
    const it = await startRig(t, false, "5s");
    await it.scrapes(6);
    const sink = await OtlpSink.start();
    t.after(() => sink.close());
    const { collector, config } = it;
    await it.reload({
      ...config(),
      exporters: { "otlp_http/other": { endpoint: sink.endpoint, headers: { "x-life": "life-1" } } },
      service: {
        ...config().service,
        pipelines: { metrics: { receivers: ["kubevirt_handler"], exporters: ["otlp_http/other"] } },
      },
    });
    await collector.within(
      sink.until(() => sink.batches.length >= 3),
      "what was scraped since",
    );
    assert.ok(!collector.logs.some(({ reason }) => reason === "shutdown"), "the old one is still at it");
    await collector.untilLog(({ reason }) => reason === "shutdown");
    const metrics = await it.until((now) => isAccountedFor(now) && points(now, "queue") === 0);
    assert.equal(
      metrics("otelcol_exporter_dropped_metric_points", { reason: "shutdown" }),
      points(metrics, "dropped"),
    );
    assert.ok(points(metrics, "dropped") > 0);
    assert.equal((await collector.stop()).code, 0);
  });
});
