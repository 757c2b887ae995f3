import { emptyResource, type Resource } from "@opentelemetry/resources";
import { MeterProvider, MetricReader, type ResourceMetrics } from "@opentelemetry/sdk-metrics";
import type { BuildInfo } from "../../component/index.ts";
import type { Meter } from "../../telemetry/index.ts";
import type { SelfMetricsConfig } from "./schema.ts";
import { withoutDetails } from "./without-details.ts";

/** Attribute sets of one metric; more come together under `otel.metric.overflow`. Targets are among them. */
const CARDINALITY_LIMIT = 20_000;

/** Metrics that only `detailed` has, as in the Collector: the histograms. */
const DETAILED = [
  "otelcol_processor_internal_duration",
  "otelcol_exporter_queue_batch_send_size",
  "otelcol_exporter_enqueue_size",
  "otelcol_processor_batch_batch_send_size",
];

/** Reads the one set of sums that everybody who asks is shown. */
class CollectingReader extends MetricReader {
  constructor() {
    super({ cardinalitySelector: () => CARDINALITY_LIMIT });
  }

  protected override async onForceFlush(): Promise<void> {}

  protected override async onShutdown(): Promise<void> {}
}

/**
 * The collector's own metrics. The SDK's readers each keep sums of their own and cannot be exchanged; here there is one,
 * and what serves or pushes it comes and goes with the configuration.
 */
export class OwnMetrics {
  readonly meter: Meter;
  readonly #provider: MeterProvider;
  readonly #reader = new CollectingReader();
  #level: SelfMetricsConfig["level"] = "normal";
  #resource: Resource = emptyResource();

  constructor({ command, version }: BuildInfo) {
    this.#provider = new MeterProvider({ readers: [this.#reader] });
    this.meter = this.#provider.getMeter(command, version);
  }

  configure(level: SelfMetricsConfig["level"], resource: Resource): void {
    this.#level = level;
    this.#resource = resource;
  }

  /** All metrics of the configured level as they are now, totals since the start. */
  async collect(): Promise<ResourceMetrics> {
    const { resourceMetrics } = await this.#reader.collect();
    const wanted = (name: string) =>
      this.#level === "detailed" || !DETAILED.some((prefix) => name.startsWith(prefix));
    const scopeMetrics = resourceMetrics.scopeMetrics.map(({ scope, metrics }) => ({
      scope,
      metrics: metrics
        .filter(({ descriptor }) => wanted(descriptor.name))
        .map((metric) => (this.#level === "detailed" ? metric : withoutDetails(metric))),
    }));
    return { resource: this.#resource, scopeMetrics };
  }

  async shutdown(): Promise<void> {
    await this.#provider.shutdown();
  }
}
