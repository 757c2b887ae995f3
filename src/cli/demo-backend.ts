import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { errorText } from "../errors/index.ts";
import { DataPointType, type Metric, type MetricsBatch } from "../metrics/index.ts";
import { CONTENT_TYPE_PROTOBUF, decodeMetrics, encodeExportResponse, METRICS_PATH } from "../otlp/index.ts";

export interface ReceivedMetric {
  readonly name: string;
  readonly kind: string;
  readonly unit: string;
  /** Data points in the latest request that had the metric. */
  readonly points: number;
  /** A value and what it belongs to. */
  readonly example: string;
}

/** An OTLP/HTTP backend that remembers the latest of each metric. */
export class DemoBackend {
  readonly received = new Map<string, ReceivedMetric>();
  readonly #server: Server;
  readonly #listeners = new Set<() => void>();

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.writeHead(400, { "content-type": "text/plain" }).end(`${errorText(error)}\n`);
      });
    });
  }

  static async listen(): Promise<DemoBackend> {
    const backend = new DemoBackend();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    backend.#server.once("error", reject);
    backend.#server.listen(0, "127.0.0.1", resolve);
    await promise;
    return backend;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Calls `listener` after each request; the returned function stops that. */
  onRequest(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** True as soon as all of `names` have arrived, false after `timeoutMs`. */
  async waitFor(names: readonly string[], timeoutMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const check = () => {
      if (names.every((name) => this.received.has(name))) resolve(true);
    };
    const stop = this.onRequest(check);
    const timer = setTimeout(() => resolve(false), timeoutMs);
    check();
    const result = await promise;
    clearTimeout(timer);
    stop();
    return result;
  }

  async close(): Promise<void> {
    await new Promise((done) => {
      this.#server.close(done);
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "POST" || request.url !== METRICS_PATH) {
      response.writeHead(404).end();
      return;
    }
    const sent = Buffer.concat(await Array.fromAsync(request));
    const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
    this.#remember(decodeMetrics(body));
    response
      .writeHead(200, { "content-type": CONTENT_TYPE_PROTOBUF })
      .end(encodeExportResponse({ rejectedDataPoints: 0, errorMessage: "" }));
    for (const listener of this.#listeners) listener();
  }

  #remember(batch: MetricsBatch): void {
    const points = new Map<string, number>();
    for (const { scopeMetrics } of batch) {
      for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics)) {
        const { name, unit } = metric.descriptor;
        points.set(name, (points.get(name) ?? 0) + metric.dataPoints.length);
        this.received.set(name, {
          name,
          kind: kindOf(metric),
          unit,
          points: points.get(name) ?? 0,
          example: exampleOf(metric),
        });
      }
    }
  }
}

function kindOf(metric: Metric): string {
  switch (metric.dataPointType) {
    case DataPointType.GAUGE:
      return "gauge";
    case DataPointType.SUM:
      return metric.isMonotonic ? "counter" : "sum";
    case DataPointType.HISTOGRAM:
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      return "histogram";
    case DataPointType.SUMMARY:
      return "summary";
  }
}

/** The attributes that tell one series from another, without what all of a target have. */
const TELLING = ["vm_namespace", "name", "id", "state", "drive", "interface", "upper_bound", "endpoint"];

function exampleOf(metric: Metric): string {
  const point = metric.dataPoints[0];
  if (point === undefined) return "";
  const { value, attributes } = point;
  const shown = TELLING.filter((key) => key in attributes && (key !== "endpoint" || !("name" in attributes)));
  const labels = shown.map((key) => `${key}=${String(attributes[key])}`).join(" ");
  return `${typeof value === "object" ? `count ${value.count}` : value} ${labels}`.trimEnd();
}
