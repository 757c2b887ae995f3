import { randomUUID } from "node:crypto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { BuildInfo } from "../../component/index.ts";
import { CollectorError } from "../../errors/index.ts";
import type { Logger, Meter } from "../../telemetry/index.ts";
import { OwnMetrics } from "./own-metrics.ts";
import { observeProcess } from "./process-metrics.ts";
import { PullServer } from "./pull-server.ts";
import { PushLoop } from "./push-loop.ts";
import type { PullConfig, ReaderConfig, SelfMetricsConfig } from "./schema.ts";

export interface SelfTelemetryConfig {
  readonly metrics: SelfMetricsConfig;
  readonly resource: Readonly<Record<string, string | null>>;
}

export interface SelfTelemetrySettings extends SelfTelemetryConfig {
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

interface Running {
  /** What it was made of; the same again needs no new one. */
  readonly source: string;
  readonly reader: { close(): Promise<void> };
}

/** The collector's own metrics with what reads them. */
export class SelfTelemetry {
  readonly meter: Meter;
  readonly #metrics: OwnMetrics;
  readonly #logger: Logger;
  readonly #build: BuildInfo;
  readonly #instanceId = randomUUID();
  readonly #observed: { stop(): void };
  #config: SelfTelemetryConfig | undefined;
  #running: readonly Running[] = [];

  private constructor({ build, logger }: SelfTelemetrySettings) {
    this.#metrics = new OwnMetrics(build);
    this.meter = this.#metrics.meter;
    this.#observed = observeProcess(this.meter);
    this.#build = build;
    this.#logger = logger;
  }

  /**
   * Starts what reads the collector's own metrics.
   * @throws CollectorError COMPONENT_START when a configured pull reader cannot listen; the default one only warns, so
   * that two collectors can run on one machine
   */
  static async start(settings: SelfTelemetrySettings): Promise<SelfTelemetry> {
    const telemetry = new SelfTelemetry(settings);
    try {
      await telemetry.configure(settings);
    } catch (error) {
      await telemetry.shutdown();
      throw error;
    }
    return telemetry;
  }

  /**
   * Puts another configuration in force. Counts go on; readers that stay the same are not touched.
   * @throws CollectorError COMPONENT_START when a reader cannot start; those before are then back
   */
  async configure(config: SelfTelemetryConfig): Promise<void> {
    const before = this.#config;
    this.#config = config;
    this.#metrics.configure(config.metrics.level, resourceFromAttributes(this.#resource(config)));
    try {
      await this.#replaceReaders(config.metrics);
    } catch (error) {
      if (before !== undefined) {
        await this.configure(before).catch((again: unknown) => {
          this.#logger.error("The collector's own metrics are served no more.", { error: again });
        });
      }
      throw error;
    }
  }

  /** Last exports of periodic readers included. Never throws. */
  async shutdown(): Promise<void> {
    this.#observed.stop();
    await this.#close(this.#running);
    this.#running = [];
    await this.#metrics.shutdown().catch((error: unknown) => {
      this.#logger.warn("The collector's own metrics could not be handed on.", { error });
    });
  }

  async #replaceReaders({ level, readers = [{}] }: SelfMetricsConfig): Promise<void> {
    const all = level === "none" ? [] : readers.map((reader) => ({ reader, source: sourceOf(reader) }));
    // One that is written twice is one.
    const wanted = all.filter((one, i) => all.findIndex(({ source }) => source === one.source) === i);
    const kept = this.#running.filter(({ source }) => wanted.some((other) => other.source === source));
    // The old ones first: the new ones may want the same port.
    await this.#close(this.#running.filter((running) => !kept.includes(running)));
    const running = [...kept];
    this.#running = running;
    for (const { reader, source } of wanted) {
      if (kept.some((other) => other.source === source)) continue;
      const started = await this.#startReader(reader);
      if (started !== undefined) running.push({ source, reader: started });
    }
  }

  async #startReader({ periodic, pull }: Partial<ReaderConfig>): Promise<Running["reader"] | undefined> {
    const collect = () => this.#metrics.collect();
    if (periodic !== undefined) return await PushLoop.start(periodic, collect, this.#logger);
    const configured = pull?.exporter.prometheus;
    const { host, port } = configured ?? DEFAULT_PULL;
    try {
      const server = await PullServer.listen(configured ?? DEFAULT_PULL, collect);
      const url = `http://${host}:${server.port}/metrics`;
      this.#logger.debug("Serving the collector's own metrics.", { url });
      return server;
    } catch (error) {
      const message = `cannot serve the collector's own metrics on ${host}:${port}`;
      if (configured !== undefined) throw new CollectorError("COMPONENT_START", message, { cause: error });
      this.#logger.warn("Own metrics are not served, since the default address is taken.", {
        host,
        port,
        error,
      });
      return undefined;
    }
  }

  async #close(running: readonly Running[]): Promise<void> {
    await Promise.all(
      running.map(({ reader }) =>
        reader.close().catch((error: unknown) => {
          this.#logger.warn("A reader of the collector's own metrics did not end cleanly.", { error });
        }),
      ),
    );
  }

  #resource({ resource }: SelfTelemetryConfig): Record<string, string> {
    const all: Record<string, string | null> = {
      "service.name": this.#build.command,
      "service.version": this.#build.version,
      "service.instance.id": this.#instanceId,
      ...resource,
    };
    return Object.fromEntries(
      Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null),
    );
  }
}

/** Equal for readers that are set up alike. Secrets cannot be compared, so a reader with headers is like no other. */
function sourceOf(reader: Partial<ReaderConfig>): string {
  const hasSecrets = reader.periodic?.exporter.otlp.headers !== undefined;
  return hasSecrets ? randomUUID() : JSON.stringify(reader);
}
