/**
 * A long run under load with a backend that keeps failing: `npm run soak`, SOAK_MINUTES=30 for the nightly one. A real
 * collector, with one pipeline over a queue in memory and one over a queue on disk, is read through its own metrics.
 * Exits with 1 unless its memory and its handles stay flat and every point is accounted for exactly.
 */
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { writeConfig } from "../test/e2e/pipeline.ts";
import { NumberedTargets } from "../test/fault/numbered-target.ts";
import { configOf, type OwnMetrics, ownMetrics, READY, startCollector } from "../test/fault/pipeline.ts";
import { temporaryDirectory } from "../test/support/certificates.ts";
import type { CollectorProcess } from "../test/support/collector-process.ts";

const MINUTES = Number(process.env["SOAK_MINUTES"] ?? 2);
const TARGETS = 20;
const SERIES = 300;
const READ_EVERY_MS = 2000;

/** Pipelines, each with a receiver and an exporter of its own: none waits for another's, so that each adds up always. */
const PIPELINES = ["memory", "disk"] as const;

/** Answers with errors for a few seconds of each minute, and hangs up on some requests at all times. */
async function startBackend() {
  const begun = Date.now();
  let requests = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      requests++;
      const second = ((Date.now() - begun) / 1000) % 60;
      if (second > 20 && second < 26) response.writeHead(503).end();
      else if (second > 40 && second < 44) response.writeHead(429, { "retry-after": "1" }).end();
      else if (requests % 97 === 0) request.socket.resetAndDestroy();
      else if (requests % 501 === 0) response.writeHead(400).end();
      else response.writeHead(200).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function soakConfig(targets: NumberedTargets, endpoint: string, directory: string): unknown {
  const { receivers, exporters, service, ...rest } = configOf({
    targets,
    endpoint,
    directory,
    queue: { preserve_order: false },
  }) as Readonly<Record<string, Readonly<Record<string, object>>>>;
  const receiver = receivers?.["kubevirt_handler"];
  const exporter = exporters?.["otlp_http"];
  const batch = { min_size: 2000, flush_timeout: "100ms" };
  return {
    ...rest,
    receivers: { "kubevirt_handler/disk": receiver, "kubevirt_handler/memory": receiver },
    exporters: {
      "otlp_http/disk": exporter,
      "otlp_http/memory": { ...exporter, sending_queue: { queue_size: 100_000, batch } },
    },
    service: {
      ...service,
      pipelines: Object.fromEntries(
        PIPELINES.map((name) => [
          `metrics/${name}`,
          { receivers: [`kubevirt_handler/${name}`], exporters: [`otlp_http/${name}`] },
        ]),
      ),
    },
  };
}

interface Reading {
  readonly rssMib: number;
  /** On the JavaScript heap and in buffers, garbage included. */
  readonly usedMib: number;
  /** undefined where the platform does not say. */
  readonly handles: number | undefined;
}

interface Account {
  readonly accepted: number;
  readonly sent: number;
  readonly dropped: number;
  readonly queued: number;
  /** Accepted, and nowhere of these. */
  readonly missing: number;
}

function accountOf(metrics: OwnMetrics, pipeline: string): Account {
  const receiver = `kubevirt_handler/${pipeline}`;
  const of = (name: string) =>
    metrics(`otelcol_exporter_${name}_metric_points`, { exporter: `otlp_http/${pipeline}` });
  const accepted = metrics("otelcol_receiver_accepted_metric_points", { receiver });
  const [sent, dropped, queued] = [of("sent"), of("dropped"), of("queue")];
  return { accepted, sent, dropped, queued, missing: accepted - sent - dropped - queued };
}

async function read(
  collector: CollectorProcess,
): Promise<Reading & { readonly problems: readonly string[] }> {
  const metrics = await ownMetrics(collector);
  const problems = PIPELINES.flatMap((pipeline) => {
    const { missing } = accountOf(metrics, pipeline);
    return missing === 0 ? [] : [`${pipeline}: ${missing} points are unaccounted for`];
  });
  const handles = process.platform === "linux" ? readdirSync(`/proc/${collector.pid}/fd`).length : undefined;
  const mib = (name: string) => metrics(`otelcol_process_${name}`) / 1024 / 1024;
  const usedMib = mib("runtime_heap_alloc_bytes") + mib("runtime_external_memory_bytes");
  return { rssMib: mib("memory_rss"), usedMib, handles, problems };
}

/** What `pick` makes of the second quarter and of the last one: the first belongs to the warm-up. */
function quarters(values: readonly number[], pick: (sorted: readonly number[]) => number | undefined) {
  const quarter = Math.floor(values.length / 4);
  const of = (part: readonly number[]) => pick(part.toSorted((a, b) => a - b)) ?? 0;
  return { early: of(values.slice(quarter, 2 * quarter)), late: of(values.slice(-quarter)) };
}

/**
 * What is not flat. Memory that leaks shows in what is left after a garbage collection, the least of many readings; the
 * resident memory also moves in steps in which the engine takes and returns it. Connections come and go, so that the
 * least of many readings tells about handles as well.
 */
function growth(readings: readonly Reading[]): readonly string[] {
  const median = (sorted: readonly number[]) => sorted[sorted.length >> 1];
  const least = (sorted: readonly number[]) => sorted[0];
  const checks = [
    {
      what: "resident MiB",
      ...quarters(
        readings.map((r) => r.rssMib),
        median,
      ),
      factor: 1.2,
      slack: 16,
    },
    {
      what: "MiB in use after collections",
      ...quarters(
        readings.map((r) => r.usedMib),
        least,
      ),
      factor: 1.1,
      slack: 3,
    },
    {
      what: "handles",
      ...quarters(
        readings.map((r) => r.handles ?? 0),
        least,
      ),
      factor: 1,
      slack: 4,
    },
  ];
  for (const { what, early, late } of checks)
    console.log(`${what}: ${early.toFixed(0)} → ${late.toFixed(0)}`);
  return checks
    .filter(({ early, late, factor, slack }) => late > early * factor + slack)
    .map(({ what, early, late }) => `${what} grew from ${early.toFixed(1)} to ${late.toFixed(1)}`);
}

const cleanups: (() => Promise<void> | void)[] = [];
const cleanup = { after: (task: () => Promise<void> | void) => void cleanups.push(task) };

async function soak(): Promise<readonly string[]> {
  const targets = await NumberedTargets.start(cleanup, TARGETS);
  targets.series = SERIES;
  const { server, endpoint } = await startBackend();
  cleanup.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const directory = `${await temporaryDirectory(cleanup)}/storage`;
  const configPath = await writeConfig(cleanup, soakConfig(targets, endpoint, directory));
  const collector = await startCollector(cleanup, configPath);
  await collector.untilLog(READY);
  const problems: string[] = [];
  const readings: Reading[] = [];
  const end = Date.now() + MINUTES * 60_000;
  while (Date.now() < end) {
    await delay(READ_EVERY_MS);
    const { problems: found, ...reading } = await read(collector);
    readings.push(reading);
    problems.push(...found);
  }
  const metrics = await ownMetrics(collector);
  console.log(`${targets.scrapes} scrapes, ${readings.length} readings of the own metrics`);
  for (const pipeline of PIPELINES) {
    const { accepted, sent, dropped, queued } = accountOf(metrics, pipeline);
    console.log(`${pipeline}: accepted ${accepted} = sent ${sent} + dropped ${dropped} + queued ${queued}`);
    if (sent === 0) problems.push(`${pipeline}: nothing was sent`);
  }
  if (metrics("otelcol_receiver_refused_metric_points") > 0) problems.push("points were refused");
  const { code, stderr } = await collector.stop();
  if (code !== 0) problems.push(`the collector exited with ${code}\n${stderr.slice(-2000)}`);
  return [...problems, ...growth(readings)];
}

try {
  const problems = await soak();
  for (const problem of problems) console.error(problem);
  console.log(problems.length === 0 ? "Flat, and every point is accounted for." : "Failed.");
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  for (const task of cleanups.toReversed()) await task();
}
