import type { IncomingMessage, ServerResponse } from "node:http";
import { type StatusEvent, systemClock } from "../../../src/component/index.ts";
import type { Attributes, Batch, Metric } from "../../../src/metrics/index.ts";
import { configSchema } from "../../../src/receivers/prometheus/config.ts";
import definition from "../../../src/receivers/prometheus/index.ts";
import { httpServer } from "../../net/support.ts";
import { Counts, type LogLine, recordingLogger } from "../../scrape/harness.ts";
import type { Cleanup } from "../../support/certificates.ts";

export const STALE = "STALE";

type Answer = string | ((response: ServerResponse, request: IncomingMessage) => void);

export interface Exporter {
  /** `127.0.0.1:port` */
  readonly address: string;
  readonly requests: IncomingMessage[];
  serve(answer: Answer): void;
}

/** A server with metrics as text. */
export async function startExporter(t: Cleanup, first: Answer): Promise<Exporter> {
  let answer = first;
  const requests: IncomingMessage[] = [];
  const { origin } = await httpServer(t, (request, response) => {
    requests.push(request);
    if (typeof answer === "string") respond(response, answer);
    else answer(response, request);
  });
  return {
    address: origin.replace("http://", ""),
    requests,
    serve(next) {
      answer = next;
    },
  };
}

export function respond(response: ServerResponse, text: string): void {
  response.setHeader("content-type", "text/plain; version=0.0.4").end(text);
}

/** One batch in plain form. */
export interface Received {
  /** The target's own resource. */
  readonly resource: Attributes;
  /** `name{a=b}` of the target's own resource with value or STALE; report gauges left out. */
  readonly points: Readonly<Record<string, unknown>>;
  /** Report gauges, with STALE where they ended. */
  readonly report: Readonly<Record<string, unknown>>;
  readonly reportAttributes: Attributes;
  /** Of other resources: `job/instance` to points. */
  readonly others: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly metrics: readonly Metric[];
  readonly batch: Batch;
  readonly timeMs: number;
}

export interface Run {
  /** The first batch from now on for which `wanted` holds. */
  next(wanted?: (received: Received) => boolean): Promise<Received>;
  readonly counts: Counts;
  readonly log: LogLine[];
  readonly status: StatusEvent[];
  stop(drainMs?: number): Promise<void>;
}

export const INTERVAL = "100ms";

/** A running receiver with these jobs; without an interval of their own they scrape every 100 ms. */
export async function run(t: Cleanup, jobs: readonly object[], global: object = {}): Promise<Run> {
  const counts = new Counts();
  const log: LogLine[] = [];
  const status: StatusEvent[] = [];
  const waiting: { wanted: (received: Received) => boolean; resolve: (received: Received) => void }[] = [];
  const receiver = definition.create({
    id: "prometheus",
    config: configSchema.parse({
      config: {
        global: { scrape_interval: INTERVAL, ...global },
        scrape_configs: jobs.map((job) => ({ job_name: "test", ...job })),
      },
    }),
    logger: recordingLogger(log),
    meter: counts.meter,
    clock: systemClock,
    reportStatus: (event) => status.push(event),
    build: { command: "otelcol-kubevirt", version: "1.2.3" },
    next: {
      async consume(batch: Batch) {
        const received = plain(batch);
        for (const waiter of [...waiting]) {
          if (!waiter.wanted(received)) continue;
          waiting.splice(waiting.indexOf(waiter), 1);
          waiter.resolve(received);
        }
      },
    },
  });
  const stop = async (drainMs = 1000) => receiver.shutdown?.(drainMs);
  t.after(() => stop());
  await receiver.start?.({ extension: () => undefined });
  return {
    next: (wanted = () => true) => new Promise((resolve) => waiting.push({ wanted, resolve })),
    counts,
    log,
    status,
    stop,
  };
}

const reportNames = /^(up|scrape_.*)$/;

function plain(batch: Batch): Received {
  const points: Record<string, unknown> = {};
  const report: Record<string, unknown> = {};
  const others: Record<string, Record<string, unknown>> = {};
  const metrics: Metric[] = [];
  let resource: Attributes = {};
  let reportAttributes: Attributes = {};
  for (const [i, { resource: about, scopeMetrics }] of batch.resourceMetrics.entries()) {
    // The scraper's own resource comes first, its gauges last in it.
    if (i === 0) resource = about.attributes;
    const { "service.name": job, "service.instance.id": instance } = about.attributes;
    const into = i === 0 ? points : {};
    if (i > 0) others[`${String(job)}/${String(instance)}`] = into;
    for (const metric of scopeMetrics.flatMap((scope) => scope.metrics)) {
      metrics.push(metric);
      for (const { attributes, value, flags } of metric.dataPoints) {
        const shown = flags === 1 ? STALE : value;
        if (reportNames.test(metric.descriptor.name)) {
          report[metric.descriptor.name] = shown;
          reportAttributes = attributes;
          continue;
        }
        const pairs = Object.entries(attributes).map(([name, text]) => `${name}=${String(text)}`);
        into[`${metric.descriptor.name}{${pairs.sort().join(",")}}`] = shown;
      }
    }
  }
  const timeMs = Number(batch.column.timeNs / 1_000_000n);
  return { resource, points, report, reportAttributes, others, metrics, batch, timeMs };
}
