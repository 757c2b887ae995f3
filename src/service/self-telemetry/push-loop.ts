import { readFile } from "node:fs/promises";
import type { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import type { PushMetricExporter, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { reveal } from "../../config/index.ts";
import { CollectorError } from "../../errors/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import type { PeriodicConfig } from "./schema.ts";

type Compression = NonNullable<
  NonNullable<ConstructorParameters<typeof OTLPMetricExporter>[0]>["compression"]
>;

interface ExportResult {
  readonly code: number;
  readonly error?: Error;
}

/** For the last export: a backend that is away must not hold up a shutdown or a reload. */
const CLOSE_MS = 2000;

/** Sends the collector's own metrics at an interval, and once more when it is closed. */
export class PushLoop {
  readonly #exporter: PushMetricExporter;
  readonly #collect: () => Promise<ResourceMetrics>;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  #isGivenUp = false;

  private constructor(
    exporter: PushMetricExporter,
    { interval }: PeriodicConfig,
    collect: () => Promise<ResourceMetrics>,
    logger: Logger,
  ) {
    this.#exporter = exporter;
    this.#collect = collect;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.#push(), interval);
    this.#timer.unref();
  }

  /** @throws CollectorError COMPONENT_START when a certificate or key cannot be read */
  static async start(
    config: PeriodicConfig,
    collect: () => Promise<ResourceMetrics>,
    logger: Logger,
  ): Promise<PushLoop> {
    const { protocol, endpoint, headers, compression, ...files } = config.exporter.otlp;
    const [ca, cert, key] = await Promise.all(
      [files.certificate, files.client_certificate, files.client_key].map(readPem),
    );
    // Loaded on use: most collectors are pulled from, and the exporters cost memory.
    const { OTLPMetricExporter: Exporter } = await (protocol === "http/json"
      ? import("@opentelemetry/exporter-metrics-otlp-http")
      : import("@opentelemetry/exporter-metrics-otlp-proto"));
    const exporter = new Exporter({
      url: endpoint,
      headers: Object.fromEntries(
        Object.entries(headers ?? {}).map(([name, value]) => [name, reveal(value)]),
      ),
      compression: compression as Compression,
      httpAgentOptions: { keepAlive: true, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) },
      timeoutMillis: Math.min(config.timeout, config.interval),
    });
    return new PushLoop(exporter, config, collect, logger);
  }

  /** Settles when the last export has ended, or is not waited for any longer. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    const late = Promise.withResolvers<"late">();
    const timer = setTimeout(() => late.resolve("late"), CLOSE_MS);
    const end = await Promise.race([this.#finish(), late.promise]).finally(() => clearTimeout(timer));
    if (end !== "late") return;
    this.#isGivenUp = true;
    this.#logger.warn("The last of the collector's own metrics were not taken in time.");
  }

  async #finish(): Promise<void> {
    await this.#running;
    await this.#push();
    await this.#exporter.shutdown();
  }

  /** Never rejects. A push that is due while the one before is under way is left out. */
  #push(): Promise<void> {
    this.#running ??= this.#export().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #export(): Promise<void> {
    try {
      const metrics = await this.#collect();
      const { code, error } = await new Promise<ExportResult>((resolve) => {
        this.#exporter.export(metrics, resolve);
      });
      if (code !== 0) throw error ?? new Error("the export failed");
    } catch (error) {
      if (!this.#isGivenUp) {
        this.#logger.warn("The collector's own metrics could not be handed on.", { error });
      }
    }
  }
}

/** @throws CollectorError COMPONENT_START when the file cannot be read */
async function readPem(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new CollectorError(
      "COMPONENT_START",
      `cannot read ${JSON.stringify(path)}, which a reader of the collector's own metrics needs`,
      { cause },
    );
  }
}
