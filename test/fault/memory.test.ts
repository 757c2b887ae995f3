import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { CONTENT_TYPE_JSON, METRICS_PATH } from "../../src/otlp/index.ts";
import { writeConfig } from "../e2e/pipeline.ts";
import type { CollectorProcess } from "../support/collector-process.ts";
import { OtlpSink } from "../support/otlp-sink.ts";
import { NumberedTargets, SEQUENCE } from "./numbered-target.ts";
import { arrivalsOf, configOf, firstArrivals, ownMetrics, READY, startCollector } from "./pipeline.ts";

const MIB = 1024 * 1024;
const LIMIT_MIB = 384;
/** Of each scrape. */
const SERIES = 20_000;
/** Of a pushed request. */
const BODY_MIB = 3;
/** What senders are told: the time between two looks at the memory, in whole seconds. */
const RETRY_AFTER_SECONDS = 1;
/** How often the scraper is to skip a scrape while the memory is watched. */
const SKIPPED_SCRAPES = 3;
/** What pushed requests have for a target. */
const PUSHED = 1;

test("a queue that grows to the memory limit grows no further, and nothing is lost", {
  // Windows: a signal ends the collector at once, without a drain.
  skip: process.platform === "win32",
}, async (t) => {
  const { collector, targets, sink, url } = await startLimited(t);
  // Not answering keeps what the backend is sent from filling the memory of this process.
  sink.defaultAnswer = { fault: "reset-request" };
  let taken = 0;
  const fill = async () => {
    while (await push(url, bodyOf(taken + 1))) taken++;
  };
  await collector.within(fill(), "a refusal");
  await collector.untilLog("Memory usage is above soft limit. Refusing data.");
  await collector.untilLog(
    "The pipeline refuses points for now. They are kept, and no further scrape is made.",
  );

  const refused = await readings(collector);
  for (let now = refused; now.skipped < refused.skipped + SKIPPED_SCRAPES; now = await readings(collector)) {
    assert.ok(now.residentMib < LIMIT_MIB, `${now.residentMib} MiB resident, the limit is ${LIMIT_MIB}`);
    assert.ok(now.queued > 0);
    // A later collection may have found a little room.
    await fill();
    await delay(RETRY_AFTER_SECONDS * 1000);
  }

  sink.defaultAnswer = {};
  await collector.within(
    sink.until(() => pushedOf(sink).length === taken),
    "what was in the queue",
  );
  const last = bodyOf(++taken);
  const comeAgain = async () => {
    while (!(await push(url, last))) await delay(RETRY_AFTER_SECONDS * 1000);
  };
  await collector.within(comeAgain(), "data to be taken again");
  const before = targets.scrapes;
  await collector.within(
    sink.until(() => arrivalsOf(sink).some(({ target, number }) => target === 0 && number > before)),
    "scrapes after the refusal",
  );
  const { failed, dropped } = await readings(collector);
  assert.equal(dropped, 0);
  if (process.platform === "linux") {
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${collector.pid}/status`, "utf8"))?.[1];
    assert.ok(Number(peak) < LIMIT_MIB * 1024, `peak memory ${peak} kB, the limit is ${LIMIT_MIB} MiB`);
  }
  const { code } = await collector.stop();
  assert.equal(code, 0);
  assert.deepEqual(
    pushedOf(sink),
    Array.from({ length: taken }, (_, i) => i + 1),
  );
  const [scrapes = []] = firstArrivals(arrivalsOf(sink), targets);
  // Answers that came too late for a scrape were never taken, like one that the stop may have cut off.
  const missing = targets.scrapes - scrapes.length - failed;
  assert.ok(missing === 0 || missing === 1, `${missing} scrapes are missing`);
  assert.deepEqual(
    scrapes,
    scrapes.toSorted((a, b) => a - b),
  );
});

/** The numbers of the pushed requests that have arrived. */
function pushedOf(sink: OtlpSink): readonly number[] {
  return arrivalsOf(sink)
    .filter(({ target }) => target === PUSHED)
    .map(({ number }) => number);
}

/** A collector that scrapes and is pushed to, into a queue in memory. */
async function startLimited(t: TestContext) {
  const targets = await NumberedTargets.start(t, 1);
  targets.series = SERIES;
  const sink = await OtlpSink.start();
  t.after(() => sink.close());
  const { receivers, service, ...config } = configOf({
    targets,
    endpoint: sink.endpoint,
    directory: undefined,
    interval: "500ms",
    exporter: { compression: "none" },
    retry: { initial_interval: "200ms", max_interval: "200ms" },
  });
  const configPath = await writeConfig(t, {
    ...config,
    receivers: {
      ...(receivers as object),
      otlp: { protocols: { http: { endpoint: "127.0.0.1:0" } } },
    },
    processors: {
      memory_limiter: {
        limit_mib: LIMIT_MIB,
        check_interval: "100ms",
        min_gc_interval_when_soft_limited: "1s",
      },
    },
    service: {
      ...(service as object),
      pipelines: {
        metrics: {
          receivers: ["kubevirt_handler", "otlp"],
          processors: ["memory_limiter"],
          exporters: ["otlp_http"],
        },
      },
    },
  });
  const collector = await startCollector(t, configPath);
  const { endpoint } = await collector.untilLog("Starting HTTP server.");
  await collector.untilLog(READY);
  return { collector, targets, sink, url: `http://${endpoint}${METRICS_PATH}` };
}

/** Returns whether the request was taken; it was refused as OTLP wants otherwise. */
async function push(url: string, body: string): Promise<boolean> {
  const response = await fetch(url, { method: "POST", headers: { "content-type": CONTENT_TYPE_JSON }, body });
  await response.arrayBuffer();
  if (response.status === 200) return true;
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), String(RETRY_AFTER_SECONDS));
  return false;
}

/** A request with a number. What it has besides is known from no other request. */
function bodyOf(number: number): string {
  const point = (value: number, key: string, stringValue: string) => ({
    asDouble: value,
    timeUnixNano: "1700000000000000000",
    attributes: [{ key, value: { stringValue } }],
  });
  const gauge = (name: string, dataPoints: readonly object[]) => ({ name, gauge: { dataPoints } });
  const noise = Array.from({ length: BODY_MIB * 64 }, () =>
    point(1, "noise", randomBytes(12 * 1024).toString("base64")),
  );
  const metrics = [gauge(SEQUENCE, [point(number, "target", String(PUSHED))]), gauge("fault_padding", noise)];
  return JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
}

async function readings(collector: CollectorProcess) {
  const metrics = await ownMetrics(collector);
  return {
    residentMib: metrics("otelcol_process_memory_rss") / MIB,
    skipped: metrics("otelcol_scraper_skipped_scrapes"),
    failed: metrics("otelcol_scraper_failed_scrapes"),
    queued: metrics("otelcol_exporter_queue_metric_points"),
    dropped: metrics("otelcol_exporter_dropped_metric_points"),
  };
}
