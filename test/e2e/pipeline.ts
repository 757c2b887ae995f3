import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DataPoint, Metric, MetricsBatch } from "../../src/metrics/index.ts";
import { type Cleanup, temporaryDirectory } from "../support/certificates.ts";
import { CollectorProcess } from "../support/collector-process.ts";
import { OtlpSink } from "../support/otlp-sink.ts";
import { Handler } from "./handler.ts";

type Section = Readonly<Record<string, unknown>>;

export interface PipelineOptions {
  readonly receiver?: Section;
  readonly target?: Section;
  readonly processor?: Section;
  readonly exporter?: Section;
  readonly service?: Section;
  /** Default 500ms, which is the time-out as well. */
  readonly interval?: string;
  readonly endpoint?: string;
  /** Of the command line, after `--config`. */
  readonly args?: readonly string[];
}

/** The whole configuration: one target, the processor, one backend; no addresses taken but those of the options. */
export function configOf(handler: Handler, endpoint: string, options: PipelineOptions = {}): Section {
  return {
    receivers: {
      kubevirt_handler: {
        collection_interval: options.interval ?? "500ms",
        initial_delay: 0,
        targets: [{ metrics_endpoint: handler.metricsUrl, ...options.target }],
        tls: { ca_pem: handler.caPem },
        ...options.receiver,
      },
    },
    processors: { kubevirt_handler: { ...options.processor } },
    exporters: { otlp_http: { endpoint, sending_queue: { num_consumers: 1 }, ...options.exporter } },
    service: {
      telemetry: { metrics: { level: "none" } },
      ...options.service,
      pipelines: {
        metrics: {
          receivers: ["kubevirt_handler"],
          processors: ["kubevirt_handler"],
          exporters: ["otlp_http"],
        },
      },
    },
  };
}

/** Every JSON text is YAML. */
export async function writeConfig(cleanup: Cleanup, config: unknown): Promise<string> {
  const path = join(await temporaryDirectory(cleanup), "config.yaml");
  await writeFile(path, JSON.stringify(config, null, 2));
  return path;
}

export async function startSink(cleanup: Cleanup): Promise<OtlpSink> {
  const sink = await OtlpSink.start();
  cleanup.after(() => sink.close());
  return sink;
}

export interface Pipeline {
  readonly handler: Handler;
  readonly sink: OtlpSink;
  readonly collector: CollectorProcess;
  readonly configPath: string;
  /** The next batch, one a scrape. */
  next(): Promise<MetricsBatch>;
}

/** Handler, collector and backend, connected; `prepare` sets the handler and the backend up before the first scrape. */
export async function startPipeline(
  cleanup: Cleanup,
  options: PipelineOptions,
  prepare: (handler: Handler, sink: OtlpSink) => void = () => {},
): Promise<Pipeline> {
  const handler = await Handler.start(cleanup);
  const sink = await startSink(cleanup);
  prepare(handler, sink);
  const configPath = await writeConfig(
    cleanup,
    configOf(handler, options.endpoint ?? sink.endpoint, options),
  );
  const collector = await CollectorProcess.start(cleanup, ["--config", configPath, ...(options.args ?? [])]);
  return {
    handler,
    sink,
    collector,
    configPath,
    next: () => collector.within(sink.next(), "the next batch"),
  };
}

export function metricsOf(batch: MetricsBatch): readonly Metric[] {
  return batch.flatMap(({ scopeMetrics }) => scopeMetrics).flatMap(({ metrics }) => metrics);
}

export function pointsOf(batch: MetricsBatch, name: string): readonly DataPoint<unknown>[] {
  return metricsOf(batch)
    .filter(({ descriptor }) => descriptor.name === name)
    .flatMap(({ dataPoints }) => dataPoints as readonly DataPoint<unknown>[]);
}

/** The value of a metric's first point. */
export function firstValue(batch: MetricsBatch, name: string): unknown {
  return pointsOf(batch, name)[0]?.value;
}
