import type { Component, UpstreamSettings } from "../../component/index.ts";
import { HttpClient } from "../../net/index.ts";
import {
  FailureLog,
  type PoolTarget,
  ScrapePool,
  ScrapeTarget,
  type TargetHooks,
} from "../../scrape/index.ts";
import { healthUrlOf, type KubevirtHandlerConfig, type TargetConfig, timeoutOf } from "./config.ts";
import { HealthProbe } from "./health-probe.ts";
import { targetResource } from "./target-resource.ts";
import { createTelemetry, type ReceiverTelemetry } from "./telemetry.ts";

/** Scrapes each target on a schedule of its own, with its health check beside. */
export class KubevirtHandlerReceiver implements Component {
  readonly #settings: UpstreamSettings<KubevirtHandlerConfig>;
  readonly #telemetry: ReceiverTelemetry;
  readonly #pool: ScrapePool;
  #client: HttpClient | undefined;

  constructor(settings: UpstreamSettings<KubevirtHandlerConfig>) {
    this.#settings = settings;
    this.#telemetry = createTelemetry(settings.meter, settings.id);
    this.#pool = new ScrapePool({
      clock: settings.clock,
      initialDelayMs: settings.config.initial_delay,
      onSkipped: (ticks) => this.#telemetry.skipped(ticks),
      reportStatus: settings.reportStatus,
    });
  }

  /** @throws CollectorError TLS_FILE or COMPONENT_START when a configured file is missing or unusable */
  async start(): Promise<void> {
    const { config, logger, clock, build } = this.#settings;
    const client = await HttpClient.open({
      config,
      logger,
      userAgent: `${build.command}/${build.version}`,
      now: () => clock.now(),
    });
    this.#client = client;
    this.#pool.sync(config.targets.map((target) => this.#pooled(target, client)));
  }

  /** Waits for the scrapes under way, for `drainMs` at most. */
  async shutdown(drainMs: number): Promise<void> {
    await this.#pool.close(drainMs);
    await this.#client?.close();
    this.#client = undefined;
  }

  #pooled(target: TargetConfig, client: HttpClient): PoolTarget {
    return {
      key: target.metrics_endpoint,
      intervalMs: this.#settings.config.collection_interval,
      create: (hooks) => this.#target(target, client, hooks),
    };
  }

  #target(target: TargetConfig, client: HttpClient, { signal, onOutcome }: TargetHooks): ScrapeTarget {
    const { config, next, clock, logger, build } = this.#settings;
    const url = new URL(target.metrics_endpoint);
    const timeoutMs = timeoutOf(config);
    const healthUrl = healthUrlOf(target);
    const probes =
      healthUrl === undefined
        ? []
        : [
            new HealthProbe({
              url: healthUrl,
              timeoutMs,
              client,
              signal,
              log: new FailureLog(logger, clock, {
                failed: "Health check failed.",
                recovered: "Health check works again.",
              }),
              onFailure: (reason) => this.#telemetry.healthCheckFailed(reason),
            }),
          ];
    return new ScrapeTarget({
      url,
      resource: targetResource(target),
      scope: { name: build.command, version: build.version },
      attributes: target.labels,
      timeoutMs,
      bodyLimitBytes: Math.ceil(config.body_size_limit_mib * 1024 * 1024),
      limits: {
        sampleLimit: config.sample_limit,
        labelLimit: config.label_limit,
        labelNameLengthLimit: config.label_name_length_limit,
        labelValueLengthLimit: config.label_value_length_limit,
      },
      probes,
      client,
      next,
      clock,
      logger,
      telemetry: this.#telemetry,
      signal,
      onOutcome,
    });
  }
}
