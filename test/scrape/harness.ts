import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createNoopMeter } from "@opentelemetry/api";
import type { Clock } from "../../src/component/index.ts";
import { type Batch, type Column, hrTimeToNs, type Layout, type Metric } from "../../src/metrics/index.ts";
import { HttpClient } from "../../src/net/index.ts";
import { createScrapeTelemetry, ScrapeTarget, type ScrapeTargetOptions } from "../../src/scrape/index.ts";
import { type LogFields, type Logger, type Meter, silentLogger } from "../../src/telemetry/index.ts";
import type { Cleanup } from "../support/certificates.ts";

/** Counts by `name{attribute values}`. */
export class Counts {
  readonly all = new Map<string, number>();

  readonly meter: Meter = Object.assign(Object.create(createNoopMeter()) as Meter, {
    createCounter: (name: string) => ({
      add: (amount: number, attributes: Record<string, unknown> = {}) => {
        const { receiver: _, scraper: __, transport: ___, ...own } = attributes;
        const key = [name, ...Object.values(own)].join(" ");
        this.all.set(key, (this.all.get(key) ?? 0) + amount);
      },
    }),
  });

  of(name: string): number {
    return this.all.get(name) ?? 0;
  }
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

export function recordingLogger(lines: LogLine[]): Logger {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      lines.push({ level, message, fields });
    };
  return {
    ...silentLogger,
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => recordingLogger(lines),
  };
}

/** A clock that moves by hand. */
export class ManualClock implements Clock {
  #now = 1_700_000_000_000;
  #tasks: { at: number; task: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - 1_600_000_000_000;
  }

  schedule(delayMs: number, task: () => void): () => void {
    const entry = { at: this.#now + delayMs, task };
    this.#tasks.push(entry);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry);
    };
  }

  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const next = this.#tasks.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#tasks = this.#tasks.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.task();
    }
    this.#now = until;
  }
}

export interface Received {
  readonly layout: Layout;
  readonly column: Column;
  /** Points as `name{a=b}` → value; STALE for markers; a histogram as its value object. Report gauges are left out. */
  readonly points: ReadonlyMap<string, unknown>;
  /** The scraper's own gauges by name. */
  readonly report: Readonly<Record<string, number>>;
  readonly metrics: readonly Metric[];
}

export const STALE = "STALE";
export const scrapeTime = (n: number) => 1_700_000_000_000 + n * 30_000;

export interface Harness {
  /** What the target answers from now on; undefined breaks the connection. */
  serve(body: string | ((response: ServerResponse) => void) | undefined): void;
  /** Scrapes and gives what arrived downstream (undefined when it was refused or nothing came). */
  scrape(time?: number): Promise<Received>;
  /** The pipeline fails with this error from now on. */
  refuse(error: Error | undefined): void;
  /** Called with each batch while it is lent. */
  onBatch(hook: (batch: Batch) => void): void;
  readonly target: ScrapeTarget;
  readonly counts: Counts;
  readonly log: LogLine[];
  readonly clock: ManualClock;
  readonly headers: () => Readonly<Record<string, unknown>>;
}

/** A scrape target against a real server, its batches decoded through the public view. */
export async function startHarness(
  t: Cleanup,
  options: Partial<ScrapeTargetOptions> & { readonly peek?: boolean } = {},
): Promise<Harness> {
  let respond: (response: ServerResponse) => void = (response) => response.end();
  let headers: Record<string, unknown> = {};
  const server = createServer((request, response) => {
    headers = request.headers;
    respond(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = await HttpClient.open({ config: {}, logger: silentLogger, environment: {} });
  t.after(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const counts = new Counts();
  const log: LogLine[] = [];
  const clock = new ManualClock();
  let refusal: Error | undefined;
  let received: Received | undefined;
  let hook: ((batch: Batch) => void) | undefined;
  const { port } = server.address() as AddressInfo;
  const target = new ScrapeTarget({
    url: new URL(`http://127.0.0.1:${port}/metrics`),
    resource: { attributes: { "service.name": "test" } },
    scope: { name: "otelcol-kubevirt", version: "0.0.0" },
    attributes: {},
    timeoutMs: 2000,
    bodyLimitBytes: 0,
    limits: {},
    probes: [],
    client,
    next: {
      async consume(batch) {
        hook?.(batch);
        received = options.peek === false ? lent(batch) : view(batch);
        if (refusal !== undefined) throw refusal;
      },
    },
    clock,
    logger: recordingLogger(log),
    telemetry: createScrapeTelemetry(counts.meter, { receiver: "test" }),
    signal: new AbortController().signal,
    ...options,
  });
  let scrapes = 0;
  return {
    target,
    counts,
    log,
    clock,
    headers: () => headers,
    serve(body) {
      respond = (response) => {
        if (body === undefined) response.destroy();
        else if (typeof body === "function") body(response);
        else response.setHeader("content-type", "text/plain; version=0.0.4").end(body);
      };
    },
    async scrape(time = scrapeTime(scrapes)) {
      scrapes += 1;
      received = undefined;
      await target.scrape(time);
      if (received === undefined) throw new Error("no batch arrived");
      return received;
    },
    refuse(error) {
      refusal = error;
    },
    onBatch(next) {
      hook = next;
    },
  };
}

/** Without asking for the public view, which would take the buffers out of reuse. */
function lent({ layout, column }: Batch): Received {
  return { layout, column, points: new Map(), report: {}, metrics: [] };
}

const reportNames = /^(up|scrape_.*|probe\..*)$/;

function view(batch: Batch): Received {
  const points = new Map<string, unknown>();
  const report: Record<string, number> = {};
  const metrics = batch.resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap((scope) => scope.metrics),
  );
  for (const metric of metrics) {
    for (const point of metric.dataPoints) {
      if (reportNames.test(metric.descriptor.name)) {
        report[metric.descriptor.name] = point.value as number;
        continue;
      }
      const attributes = Object.entries(point.attributes).map(([name, value]) => `${name}=${String(value)}`);
      const time = hrTimeToNs(point.endTime);
      const at = time === batch.column.timeNs ? "" : `@${time / 1_000_000n}`;
      points.set(
        `${metric.descriptor.name}{${attributes.join(",")}}${at}`,
        point.flags === 1 ? STALE : point.value,
      );
    }
  }
  return { layout: batch.layout, column: batch.column, points, report, metrics };
}
