import { createNoopMeter } from "@opentelemetry/api";
import {
  type Consumer,
  defineExporter,
  defineReceiver,
  type ExporterDefinition,
  type ReceiverDefinition,
} from "../component/index.ts";
import { z } from "../config/index.ts";
import { Batch, type MetricsBatch, type Resource } from "../metrics/index.ts";
import { createScrapeTelemetry, ScrapeTarget } from "../scrape/index.ts";
import { type CollectorConfig, type ConfiguredComponent, Service } from "../service/index.ts";
import { type Logger, silentLogger } from "../telemetry/index.ts";
import { ManualClock } from "./manual-clock.ts";

export interface ScrapeInput {
  /** The body as the target sends it; undefined: the target does not answer. */
  readonly body: string | undefined;
  readonly contentType: string;
  readonly resource: Resource;
}

/**
 * A configuration whose receivers are replaced by what a test feeds in and whose exporters by a list; processors are
 * the real ones, with a clock that the test moves. Scrapes go through the real scraper: series that vanish go stale,
 * start times and timestamps are as in a run.
 */
export class PipelineUnderTest {
  readonly clock: ManualClock;
  readonly #service: Service;
  readonly #outlets = new Map<string, Consumer>();
  readonly #targets = new Map<string, ScrapeTarget>();
  readonly #logger: Logger;
  readonly #received = new Map<string, MetricsBatch>();
  #scrape: ScrapeInput | undefined;

  constructor(config: CollectorConfig, epochMs: number, logger: Logger = silentLogger) {
    this.clock = new ManualClock(epochMs);
    this.#logger = logger;
    const nothing = z.strictObject({});
    const receiver = defineReceiver({
      type: "test",
      stability: "development",
      config: nothing,
      create: ({ id, next }) => {
        this.#outlets.set(id, next);
        return {};
      },
    });
    const exporter = defineExporter({
      type: "test",
      stability: "development",
      config: nothing,
      create: ({ id }) => ({
        consume: async (batch) => {
          // A copy, since a test looks at it later: after the next batches.
          const copy = structuredClone([...batch.resourceMetrics]);
          this.#received.set(id, [...(this.#received.get(id) ?? []), ...copy]);
        },
      }),
    });
    this.#service = new Service(
      {
        ...config,
        receivers: replaced<ReceiverDefinition>(config.receivers, receiver as ReceiverDefinition),
        exporters: replaced<ExporterDefinition>(config.exporters, exporter as ExporterDefinition),
        extensions: new Map(),
        service: { ...config.service, extensions: [] },
      },
      {
        logger,
        meter: createNoopMeter(),
        clock: this.clock,
        build: { command: "otelcol-kubevirt", version: "test" },
        strict: true,
      },
    );
  }

  /** IDs of the receivers that pipelines use, in the order of the pipelines. */
  get receivers(): readonly string[] {
    return [...this.#outlets.keys()];
  }

  async start(): Promise<void> {
    await this.#service.start();
  }

  /** What processors still held comes out with the next {@link take}. */
  async shutdown(): Promise<void> {
    await this.#service.shutdown();
  }

  /** A batch as a receiver would hand it on. */
  async feed(receiver: string, batch: MetricsBatch): Promise<void> {
    await this.#outlet(receiver).consume(Batch.from(batch));
  }

  /** One scrape at the clock's time. */
  async scrape(receiver: string, input: ScrapeInput): Promise<void> {
    let target = this.#targets.get(receiver);
    if (target === undefined) {
      target = this.#target(receiver, input.resource);
      this.#targets.set(receiver, target);
    }
    this.#scrape = input;
    await target.scrape(this.clock.now());
  }

  /** What has arrived at an exporter since the last call. */
  take(exporter: string): MetricsBatch {
    const received = this.#received.get(exporter) ?? [];
    this.#received.delete(exporter);
    return received;
  }

  #outlet(receiver: string): Consumer {
    const outlet = this.#outlets.get(receiver);
    if (outlet === undefined)
      throw new Error(`no pipeline uses receiver "${receiver}"; there are ${this.receivers.join(", ")}`);
    return outlet;
  }

  #target(receiver: string, resource: Resource): ScrapeTarget {
    return new ScrapeTarget({
      url: new URL("http://test/metrics"),
      resource,
      scope: { name: "otelcol-kubevirt" },
      attributes: {},
      timeoutMs: 10_000,
      bodyLimitBytes: 0,
      limits: {},
      probes: [],
      client: {
        fetchBody: async ({ into }) => {
          const { body, contentType } = this.#scrape as ScrapeInput;
          if (body === undefined) throw new Error("the target of the test does not answer");
          into.reset();
          into.append(Buffer.from(body));
          return { status: 200, headers: {}, contentType, length: into.length };
        },
      },
      next: this.#outlet(receiver),
      clock: this.clock,
      logger: this.#logger,
      telemetry: createScrapeTelemetry(createNoopMeter(), { receiver }),
      signal: new AbortController().signal,
    });
  }
}

/** The same IDs and fingerprints with another definition behind them. */
function replaced<Definition>(
  components: ReadonlyMap<string, ConfiguredComponent<unknown>>,
  definition: Definition,
): ReadonlyMap<string, ConfiguredComponent<Definition>> {
  return new Map([...components].map(([id, component]) => [id, { ...component, definition, config: {} }]));
}
