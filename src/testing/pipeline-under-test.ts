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
  /** The body as the target sends it, binary formats as bytes; undefined: the target does not answer. */
  readonly body: string | Uint8Array | undefined;
  readonly contentType: string;
  readonly resource: Resource;
}

/** How long nothing happens, in real time, before a component is taken to wait for the clock. */
const IDLE_MS = 20;
/** Real time after which a batch that is kept is no longer waited for. */
const PATIENCE_MS = 1000;

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
  readonly #kept: Promise<unknown>[] = [];
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

  /**
   * What processors still held comes out with the next {@link take}.
   * @throws what batches were refused with that a component had kept; Error when it keeps one for good
   */
  async shutdown(): Promise<void> {
    await this.#service.shutdown();
    if (!(await within(Promise.all(this.#kept), PATIENCE_MS)))
      throw new Error("a component has kept a batch and neither handed it on nor refused it");
  }

  /** A batch as a receiver would hand it on. While a component keeps it the clock goes on, to `until` at most. */
  async feed(receiver: string, batch: MetricsBatch, until = Number.POSITIVE_INFINITY): Promise<void> {
    await this.#settled(this.#outlet(receiver).consume(Batch.from(batch)), until);
  }

  /** One scrape at the clock's time. While a component keeps what was scraped the clock goes on, to `until` at most. */
  async scrape(receiver: string, input: ScrapeInput, until = Number.POSITIVE_INFINITY): Promise<void> {
    let target = this.#targets.get(receiver);
    if (target === undefined) {
      target = this.#target(receiver, input.resource);
      this.#targets.set(receiver, target);
    }
    this.#scrape = input;
    await this.#settled(target.scrape(this.clock.now()), until);
  }

  /** What has arrived at an exporter since the last call. */
  take(exporter: string): MetricsBatch {
    const received = this.#received.get(exporter) ?? [];
    this.#received.delete(exporter);
    return received;
  }

  /** Waits for the work; a batch that is held until a timer fires (as `batch` does) would be waited for in vain. */
  async #settled(work: Promise<unknown>, until: number): Promise<void> {
    for (let waited = 0; !(await within(work, IDLE_MS)); waited += IDLE_MS) {
      const { next } = this.clock;
      if (next !== undefined && next < until) await this.clock.advanceTo(next);
      else if (waited >= PATIENCE_MS) {
        this.#kept.push(work);
        // It is looked at when the pipeline is shut down.
        work.catch(() => {});
        return;
      }
    }
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
          into.append(typeof body === "string" ? Buffer.from(body) : body);
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

/** Whether it settled in so much real time. @throws what it rejects with */
async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), ms);
  try {
    return await Promise.race([work.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** The same IDs and fingerprints with another definition behind them. */
function replaced<Definition>(
  components: ReadonlyMap<string, ConfiguredComponent<unknown>>,
  definition: Definition,
): ReadonlyMap<string, ConfiguredComponent<Definition>> {
  return new Map([...components].map(([id, component]) => [id, { ...component, definition, config: {} }]));
}
