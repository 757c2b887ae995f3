import { randomUUID } from "node:crypto";
import { createNoopMeter } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationType,
  type IMetricReader,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ViewOptions,
} from "@opentelemetry/sdk-metrics";
import type { BuildInfo } from "../../component/index.ts";
import { reveal } from "../../config/index.ts";
import { CollectorError } from "../../errors/index.ts";
import type { Logger, Meter } from "../../telemetry/index.ts";
import { observeProcess } from "./process-metrics.ts";
import { PullReader } from "./pull-reader.ts";
import type { PeriodicConfig, PullConfig, SelfMetricsConfig } from "./schema.ts";

export interface SelfTelemetry {
  readonly meter: Meter;
  /** Last exports of periodic readers included. Never throws. */
  shutdown(): Promise<void>;
}

export interface SelfTelemetrySettings {
  readonly metrics: SelfMetricsConfig;
  readonly resource: Readonly<Record<string, string | null>>;
  readonly build: BuildInfo;
  readonly logger: Logger;
}

const DEFAULT_PULL: PullConfig = {
  host: "localhost",
  port: 8888,
  without_type_suffix: true,
  without_units: true,
  without_scope_info: true,
};

/** Metrics that only `detailed` has, as in the Collector: the histograms. */
const DETAILED: readonly ViewOptions[] = [
  "otelcol_processor_internal_duration",
  "otelcol_exporter_queue_batch_send_size*",
  "otelcol_exporter_enqueue_size*",
  "otelcol_processor_batch_batch_send_size_bytes",
].map((instrumentName) => ({ instrumentName, aggregation: { type: AggregationType.DROP } }));

/**
 * Starts what reads the collector's own metrics.
 * @throws CollectorError COMPONENT_START when a configured pull reader cannot listen; the default one only warns, so that two collectors
 * can run on one machine.
 */
export async function startSelfTelemetry(settings: SelfTelemetrySettings): Promise<SelfTelemetry> {
  const { metrics, logger, build } = settings;
  if (metrics.level === "none") return { meter: createNoopMeter(), shutdown: async () => {} };
  const readers: IMetricReader[] = [];
  for (const reader of metrics.readers ?? [undefined]) {
    if (reader?.periodic !== undefined) readers.push(await periodicReader(reader.periodic));
    else {
      const pull = new PullReader(reader?.pull?.exporter.prometheus ?? DEFAULT_PULL);
      if (await listen(pull, reader?.pull?.exporter.prometheus, logger)) readers.push(pull);
    }
  }
  const provider = new MeterProvider({
    resource: resourceFromAttributes(resourceAttributes(settings)),
    readers,
    views: metrics.level === "detailed" ? [] : [...DETAILED],
  });
  const meter = provider.getMeter(build.command, build.version);
  const observed = observeProcess(meter);
  return {
    meter,
    async shutdown() {
      observed.stop();
      await provider.shutdown().catch((error: unknown) => {
        logger.warn("The collector's own metrics could not be handed on.", { error });
      });
    },
  };
}

async function listen(
  reader: PullReader,
  configured: PullConfig | undefined,
  logger: Logger,
): Promise<boolean> {
  const { host, port } = configured ?? DEFAULT_PULL;
  try {
    const bound = await reader.listen();
    logger.debug("Serving the collector's own metrics.", { url: `http://${host}:${bound}/metrics` });
    return true;
  } catch (error) {
    const message = `cannot serve the collector's own metrics on ${host}:${port}`;
    if (configured !== undefined) throw new CollectorError("COMPONENT_START", message, { cause: error });
    logger.warn("Own metrics are not served, since the default address is taken.", { host, port, error });
    return false;
  }
}

async function periodicReader(config: PeriodicConfig): Promise<IMetricReader> {
  const { protocol, endpoint, headers } = config.exporter.otlp;
  const options = {
    url: endpoint,
    headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, reveal(value)])),
  };
  // Loaded on use: most collectors are pulled from, and the exporters cost memory.
  const { OTLPMetricExporter } = await (protocol === "http/json"
    ? import("@opentelemetry/exporter-metrics-otlp-http")
    : import("@opentelemetry/exporter-metrics-otlp-proto"));
  const exporter: PushMetricExporter = new OTLPMetricExporter(options);
  return new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: config.interval,
    exportTimeoutMillis: Math.min(config.timeout, config.interval),
  });
}

function resourceAttributes({ build, resource }: SelfTelemetrySettings): Record<string, string> {
  const all: Record<string, string | null> = {
    "service.name": build.command,
    "service.version": build.version,
    "service.instance.id": randomUUID(),
    ...resource,
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}
