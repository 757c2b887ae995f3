import type { MetricsBatch } from "../../src/metrics/index.ts";
import { writeConfig } from "../e2e/pipeline.ts";
import { type Cleanup, temporaryDirectory } from "../support/certificates.ts";
import { CollectorProcess } from "../support/collector-process.ts";
import type { OtlpSink } from "../support/otlp-sink.ts";
import { type NumberedTargets, SEQUENCE } from "./numbered-target.ts";

type Section = Readonly<Record<string, unknown>>;

export interface FaultPipelineOptions {
  readonly targets: NumberedTargets;
  readonly endpoint: string;
  /** Of the storage; undefined: the queue is in memory. */
  readonly directory: string | undefined;
  readonly storage?: Section;
  readonly exporter?: Section;
  readonly queue?: Section;
  readonly retry?: Section;
  /** Default 1s. */
  readonly interval?: string;
}

/** The header by which the sink can tell the requests of one process from those of the next. */
export const LIFE_HEADER = "x-life";

export function configOf(options: FaultPipelineOptions): Section {
  const { targets, endpoint, directory, interval = "1s" } = options;
  const persistent = directory !== undefined;
  return {
    receivers: {
      kubevirt_handler: {
        collection_interval: interval,
        initial_delay: 0,
        targets: targets.urls.map((metrics_endpoint) => ({ metrics_endpoint, healthz_endpoint: null })),
      },
    },
    exporters: {
      otlp_http: {
        endpoint,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: substituted by the collector
        headers: { [LIFE_HEADER]: "life-${env:LIFE}" },
        timeout: "2s",
        ...options.exporter,
        sending_queue: {
          queue_size: 100_000,
          preserve_order: true,
          ...(persistent && { storage: "file_storage" }),
          ...options.queue,
        },
        retry_on_failure: {
          initial_interval: "20ms",
          max_interval: "100ms",
          max_elapsed_time: 0,
          ...options.retry,
        },
      },
    },
    extensions: persistent
      ? { file_storage: { directory, create_directory: true, ...options.storage } }
      : undefined,
    service: {
      extensions: persistent ? ["file_storage"] : [],
      shutdown_timeout: "10s",
      telemetry: {
        logs: { level: "debug" },
        metrics: { readers: [{ pull: { exporter: { prometheus: { host: "127.0.0.1", port: 0 } } } }] },
      },
      pipelines: { metrics: { receivers: ["kubevirt_handler"], exporters: ["otlp_http"] } },
    },
  };
}

/** A configuration file and the directory of its storage, which does not exist yet. */
export async function prepare(
  cleanup: Cleanup,
  options: Omit<FaultPipelineOptions, "directory"> & { readonly directory?: string },
): Promise<{ readonly configPath: string; readonly directory: string }> {
  const directory = options.directory ?? `${await temporaryDirectory(cleanup)}/storage`;
  return { directory, configPath: await writeConfig(cleanup, configOf({ ...options, directory })) };
}

export async function startCollector(
  cleanup: Cleanup,
  configPath: string,
  life = 1,
): Promise<CollectorProcess> {
  return await CollectorProcess.start(cleanup, ["--config", configPath], { env: { LIFE: String(life) } });
}

export const READY = "Everything is ready. Begin running and processing data.";

/** A scrape of a target that has arrived. */
export interface Arrival {
  readonly target: number;
  readonly number: number;
  /** Which process sent it. */
  readonly life: number;
  /** Index of its request among those that the sink accepted. */
  readonly request: number;
}

export function arrivalsOf(sink: OtlpSink): readonly Arrival[] {
  return sink.requests
    .filter(({ accepted }) => accepted)
    .flatMap(({ batch, headers }, request) => {
      const life = Number(String(headers[LIFE_HEADER]).replace("life-", ""));
      return sequencesOf(batch).map((sequence) => ({ ...sequence, life, request }));
    });
}

function sequencesOf(batch: MetricsBatch): readonly Pick<Arrival, "target" | "number">[] {
  return batch
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap(({ metrics }) => metrics)
    .filter(({ descriptor }) => descriptor.name === SEQUENCE)
    .flatMap(({ dataPoints }) =>
      // A stale marker has no value.
      dataPoints
        .filter(({ flags = 0 }) => flags === 0)
        .map(({ attributes, value }) => ({
          target: Number(attributes["target"]),
          number: Number(value),
        })),
    );
}

/** The numbers that arrived of each target, in the order in which each came first. */
export function firstArrivals(
  arrivals: readonly Arrival[],
  targets: NumberedTargets,
): readonly (readonly number[])[] {
  return targets.served.map((_, target) => [
    ...new Set(arrivals.filter((arrival) => arrival.target === target).map(({ number }) => number)),
  ]);
}

/** A reading of the collector's own metrics: each name summed over the series that have all of `labels`. */
export type OwnMetrics = (name: string, labels?: Readonly<Record<string, string>>) => number;

export async function ownMetrics(collector: CollectorProcess): Promise<OwnMetrics> {
  const { url } = await collector.untilLog("Serving the collector's own metrics.");
  const response = await fetch(String(url));
  const lines = (await response.text()).split("\n").filter((line) => !line.startsWith("#"));
  return (name, labels = {}) => {
    const series = lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
    return series
      .filter((line) => wanted.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  };
}
