import type { MetricProducer } from "@opentelemetry/sdk-metrics";
import {
  type Component,
  defineReceiver,
  type ReceiverDefinition,
  type UpstreamSettings,
} from "../component/index.ts";
import { duration, z } from "../config/index.ts";
import { errorText } from "../errors/index.ts";
import { Batch } from "../metrics/index.ts";

const configSchema = z.strictObject({
  collection_interval: duration({ min: 100 }).prefault("60s").describe("Time between two collections."),
});

type Config = z.output<typeof configSchema>;

/**
 * A `MetricProducer` of the OpenTelemetry SDK as a receiver with the option `collection_interval`.
 * @param create gives the producer of one instance
 */
export function receiverOfProducer(
  type: string,
  create: () => MetricProducer | Promise<MetricProducer>,
): ReceiverDefinition<Config> {
  return defineReceiver({
    type,
    stability: "alpha",
    description: "Collects from a MetricProducer of the OpenTelemetry SDK.",
    config: configSchema,
    create: (settings) => new ProducerReceiver(create, settings),
  });
}

class ProducerReceiver implements Component {
  readonly #create: () => MetricProducer | Promise<MetricProducer>;
  readonly #settings: UpstreamSettings<Config>;
  #cancel = () => {};
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  /** What comes now comes too late: nobody takes it any more. */
  #isAbandoned = false;

  constructor(create: () => MetricProducer | Promise<MetricProducer>, settings: UpstreamSettings<Config>) {
    this.#create = create;
    this.#settings = settings;
  }

  async start(): Promise<void> {
    this.#schedule(await this.#create());
  }

  /** Waits for a collection under way, but not for one that does not settle in time: that is somebody else's code. */
  async shutdown(drainMs: number): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    const { clock, logger } = this.#settings;
    const timeout = Promise.withResolvers<"timeout">();
    const cancel = clock.schedule(drainMs, () => timeout.resolve("timeout"));
    const outcome = await Promise.race([this.#running, timeout.promise]);
    cancel();
    if (outcome === "timeout") {
      this.#isAbandoned = true;
      logger.warn(
        "A collection had not ended when the time of the shutdown was over. Its metrics are lost.",
        {
          drain_ms: drainMs,
        },
      );
    }
  }

  #schedule(producer: MetricProducer): void {
    if (this.#stopped) return;
    this.#cancel = this.#settings.clock.schedule(this.#settings.config.collection_interval, () => {
      this.#running = this.#collect(producer).finally(() => this.#schedule(producer));
    });
  }

  async #collect(producer: MetricProducer): Promise<void> {
    const { logger, next } = this.#settings;
    try {
      const { resourceMetrics, errors } = await producer.collect();
      if (this.#isAbandoned) return;
      for (const error of errors)
        logger.warn("A part of the metrics could not be collected.", { error: errorText(error) });
      await next.consume(Batch.from([resourceMetrics]));
    } catch (error) {
      logger.error("Metrics could not be collected or handed on.", { error: errorText(error) });
    }
  }
}
