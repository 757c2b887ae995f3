import type { PushMetricExporter } from "@opentelemetry/sdk-metrics";
import {
  type Component,
  type Consumer,
  defineExporter,
  type ExporterDefinition,
  type Settings,
} from "../component/index.ts";
import { enabledSection, z } from "../config/index.ts";
import {
  DeliveryChain,
  retrySchema,
  type SdkRequest,
  sendingQueueSchema,
  timeoutSchema,
  wrapPushMetricExporter,
} from "../delivery/index.ts";
import type { Batch } from "../metrics/index.ts";

/**
 * A `PushMetricExporter` of the OpenTelemetry SDK as an exporter with this project's queue, retry and accounting
 * (`sending_queue`, `retry_on_failure`, `timeout`) and options of its own.
 * @param options schema of the SDK exporter's own options, such as an endpoint
 * @param create gives the exporter for parsed options
 */
export function exporterOfPush<Shape extends z.ZodRawShape>(
  type: string,
  options: Shape,
  create: (config: z.output<z.ZodObject<Shape>>) => PushMetricExporter,
): ExporterDefinition {
  const config = z.strictObject({
    ...options,
    timeout: timeoutSchema("10s"),
    sending_queue: enabledSection(sendingQueueSchema).describe("Queue of requests."),
    retry_on_failure: enabledSection(retrySchema).describe(
      "When and for how long failed requests are sent again.",
    ),
  });
  return defineExporter({
    type,
    stability: "alpha",
    description: "Hands metrics to an exporter of the OpenTelemetry SDK.",
    config,
    create: (settings) =>
      new PushExporter(create(settings.config as never), settings as unknown as Settings<DeliveryConfig>),
  }) as unknown as ExporterDefinition;
}

interface DeliveryConfig {
  readonly timeout: number;
  readonly sending_queue: z.output<typeof sendingQueueSchema> | undefined;
  readonly retry_on_failure: z.output<typeof retrySchema> | undefined;
}

class PushExporter implements Component, Consumer {
  readonly #exporter: PushMetricExporter;
  readonly #chain: DeliveryChain<SdkRequest>;

  constructor(exporter: PushMetricExporter, settings: Settings<DeliveryConfig>) {
    const { sending_queue, retry_on_failure, timeout } = settings.config;
    this.#exporter = exporter;
    this.#chain = new DeliveryChain({
      ...wrapPushMetricExporter(exporter, settings.logger),
      settings,
      queue: sending_queue,
      retry: retry_on_failure,
      timeoutMs: timeout,
    });
  }

  async start(host: Parameters<DeliveryChain<SdkRequest>["start"]>[0]): Promise<void> {
    await this.#chain.start(host);
  }

  consume(batch: Batch): Promise<void> {
    return this.#chain.consume(batch);
  }

  handOver(successor: Component | undefined): Promise<void> {
    return this.#chain.handOver(successor);
  }

  inherit(legacy: unknown): Promise<void> {
    return this.#chain.inherit(legacy);
  }

  async shutdown(drainMs: number): Promise<void> {
    try {
      await this.#chain.shutdown(drainMs);
    } finally {
      await this.#exporter.shutdown();
    }
  }
}
