import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { MetricsBatch } from "../../../src/metrics/index.ts";
import type { Cleanup } from "../../support/certificates.ts";
import type { OtlpSink } from "../../support/otlp-sink.ts";
import { startSink } from "../parts.ts";
import { serveBodies } from "../scraped-server.ts";
import type { ProcessorCase, Step } from "./cases.ts";
import { type CaseResult, type Outcome, outcomeOf } from "./outcome.ts";
import { JOB, SCRAPED_TYPE } from "./scraped.ts";

const SETTLED_MS = 300;
const direct = { sending_queue: { enabled: false }, retry_on_failure: { enabled: false } };

/** Of a log that says why a collector does not start: the processors of cases, such as `filter/17`. */
const CULPRIT = /(?<!warning: )(?:processors::|configuration for "|failed to create ")[\w/]+[/-](\d+)\b/g;

/**
 * Runs cases in one collector: a pipeline for each, with a port of its own that leads in and a path of the sink that
 * leads out.
 * @param start settles when the collector takes data, and rejects with its log when it does not start. Then it is
 * started without the cases that are at fault.
 */
export async function runCases(
  cases: readonly ProcessorCase[],
  start: (t: Cleanup, config: object) => Promise<unknown>,
  invalid: ReadonlySet<number> = new Set(),
): Promise<readonly CaseResult[]> {
  if (invalid.size === cases.length) return cases.map(() => "invalid");
  const undo: (() => Promise<void> | void)[] = [];
  const t: Cleanup = { after: (fn) => void undo.push(fn) };
  try {
    const sink = await startSink(t);
    const ports = await freePorts(cases.length);
    const receivers: Receiver[] = [];
    for (const [i, { steps }] of cases.entries()) receivers.push(await receiverOf(t, steps, ports[i] ?? 0));
    try {
      await start(t, configOf(cases, invalid, receivers, sink.endpoint));
    } catch (error) {
      const culprits = [...String(error).matchAll(CULPRIT)].map(([, index]) => Number(index));
      const more = new Set([...invalid, ...culprits]);
      if (more.size === invalid.size) throw error;
      return await runCases(cases, start, more);
    }
    return await Promise.all(
      cases.map((one, i) =>
        invalid.has(i) ? "invalid" : runCase(one, `http://127.0.0.1:${ports[i]}`, sink, `/${i}/`),
      ),
    );
  } finally {
    for (const fn of undo.toReversed()) await fn();
  }
}

/** The configuration that a Collector and we both read. */
function configOf(
  cases: readonly ProcessorCase[],
  leftOut: ReadonlySet<number>,
  sources: readonly Receiver[],
  endpoint: string,
): object {
  const receivers: Record<string, object> = {};
  const processors: Record<string, unknown> = {};
  const exporters: Record<string, object> = {};
  const pipelines: Record<string, object> = {};
  for (const [i, one] of cases.entries()) {
    if (leftOut.has(i)) continue;
    const own = Object.entries(one.processors).map(
      ([id, config]) => [id.includes("/") ? `${id}-${i}` : `${id}/${i}`, config] as const,
    );
    for (const [id, config] of own) processors[id] = config;
    const { type, config: source } = sources[i] as Receiver;
    receivers[`${type}/${i}`] = source;
    exporters[`otlp_http/${i}`] = { endpoint: `${endpoint}/${i}`, ...direct };
    pipelines[`metrics/${i}`] = {
      receivers: [`${type}/${i}`],
      processors: own.map(([id]) => id),
      exporters: [`otlp_http/${i}`],
    };
  }
  const service = { telemetry: { metrics: { level: "none" } }, pipelines };
  return { receivers, processors, exporters, service };
}

interface Receiver {
  readonly type: string;
  readonly config: object;
}

/** One for the bodies that a case has scraped, or for requests. */
async function receiverOf(t: Cleanup, steps: readonly Step[], port: number): Promise<Receiver> {
  const bodies = steps.flatMap((step) => (step !== "wait" && "scrape" in step ? [step.scrape] : []));
  if (bodies.length === 0)
    return { type: "otlp", config: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } };
  const target = await serveBodies(t, SCRAPED_TYPE, bodies);
  const job = {
    job_name: JOB,
    scrape_interval: "1s",
    scrape_timeout: "1s",
    static_configs: [{ targets: [target] }],
  };
  return { type: "prometheus", config: { config: { scrape_configs: [job] } } };
}

async function runCase(
  one: ProcessorCase,
  url: string,
  sink: OtlpSink,
  path: string,
): Promise<readonly Outcome[]> {
  const arrived = () => sink.requests.filter((request) => request.path.startsWith(path));
  const outcomes: Outcome[] = [];
  let seen = 0;
  for (const step of one.steps) {
    let isAccepted = true;
    // Without queues a request is answered when what it led to has arrived.
    if (step !== "wait" && "otlp" in step) isAccepted = await post(url, step.otlp);
    else await sink.until(() => arrived().length > seen);
    // What comes together may come in several requests.
    if (step === "wait") await delay(SETTLED_MS);
    const isScrape = step !== "wait" && "scrape" in step;
    const batches: MetricsBatch[] = arrived()
      .slice(seen, isScrape ? seen + 1 : undefined)
      .map(({ batch }) => batch);
    seen += batches.length;
    outcomes.push(isAccepted ? outcomeOf(one, step, batches) : "refused");
  }
  return outcomes;
}

async function post(url: string, body: string): Promise<boolean> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/metrics`, { method: "POST", headers, body });
  await response.arrayBuffer();
  return response.ok;
}

/** Below those that connections of other programs take meanwhile. */
async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  for (let port = 12_000 + Math.floor(Math.random() * 15_000); ports.length < count; port++) {
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
