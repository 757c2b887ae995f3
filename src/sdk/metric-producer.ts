import { createNoopMeter } from "@opentelemetry/api";
import { emptyResource } from "@opentelemetry/resources";
import type { CollectionResult, MetricProducer } from "@opentelemetry/sdk-metrics";
import { type Component, type ReceiverDefinition, systemClock } from "../component/index.ts";
import { type MetricsBatch, NO_RECORDED_VALUE, toSdk } from "../metrics/index.ts";
import { type Logger, silentLogger } from "../telemetry/index.ts";

export interface ProducerOptions<Config> {
  readonly receiver: ReceiverDefinition<Config>;
  /** As in YAML. */
  readonly config: unknown;
  readonly logger?: Logger;
}

/**
 * A receiver as a `MetricProducer` for an application's own `MeterProvider`: each collection gives what the receiver
 * made last. Call `start` before and `shutdown` after its use.
 *
 * A collection has one resource, the application's; what the receiver's resources say of themselves goes onto the
 * points. What the SDK's types have no place for is left out, see `toSdk`.
 */
export class ReceiverMetricProducer<Config> implements MetricProducer {
  readonly #receiver: Component;
  /** The latest batch of each resource. */
  readonly #latest = new Map<string, MetricsBatch[number]>();

  /** @throws the config schema's error when the config is wrong */
  constructor({ receiver, config, logger = silentLogger }: ProducerOptions<Config>) {
    this.#receiver = receiver.create({
      id: receiver.type,
      config: receiver.config.parse(config),
      logger,
      meter: createNoopMeter(),
      clock: systemClock,
      reportStatus() {},
      build: { command: "otelcol-kubevirt", version: "embedded" },
      next: {
        consume: async (batch) => {
          for (const one of batch.resourceMetrics) this.#keep(one);
        },
      },
    });
  }

  async start(): Promise<void> {
    await this.#receiver.start?.({ extension: () => undefined });
  }

  async shutdown(): Promise<void> {
    await this.#receiver.shutdown?.(0);
  }

  #keep(one: MetricsBatch[number]): void {
    const key = JSON.stringify(one.resource.attributes, (_key, value: unknown) =>
      typeof value === "bigint" ? `${value}n` : value,
    );
    // A target that has gone says so once, and is forgotten.
    if (hasLivePoints(one)) this.#latest.set(key, one);
    else this.#latest.delete(key);
  }

  async collect(): Promise<CollectionResult> {
    const { resourceMetrics } = toSdk([...this.#latest.values()].map(withResourceOnPoints));
    const scopeMetrics = resourceMetrics.flatMap((one) => one.scopeMetrics);
    return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] };
  }
}

function hasLivePoints({ scopeMetrics }: MetricsBatch[number]): boolean {
  return scopeMetrics.some(({ metrics }) =>
    metrics.some(({ dataPoints }) => dataPoints.some(({ flags = 0 }) => (flags & NO_RECORDED_VALUE) === 0)),
  );
}

function withResourceOnPoints({ resource, scopeMetrics }: MetricsBatch[number]): MetricsBatch[number] {
  return {
    resource,
    scopeMetrics: scopeMetrics.map((scope) => ({
      ...scope,
      metrics: scope.metrics.map((metric) => ({
        ...metric,
        dataPoints: metric.dataPoints.map((point) => ({
          ...point,
          attributes: { ...resource.attributes, ...point.attributes },
        })),
      })),
    })) as MetricsBatch[number]["scopeMetrics"],
  };
}
