import type { Component, UpstreamSettings } from "../../component/index.ts";
import { HttpClient } from "../../net/index.ts";
import { FailureLog, firstDelay, ScrapeSchedule, ScrapeTarget } from "../../scrape/index.ts";
import { healthUrlOf, type KubevirtHandlerConfig, type TargetConfig, timeoutOf } from "./config.ts";
import { HealthProbe } from "./health-probe.ts";
import { targetResource } from "./target-resource.ts";
import { createTelemetry, type ReceiverTelemetry } from "./telemetry.ts";

/** Scrapes each target on a schedule of its own, with its health check beside. */
export class KubevirtHandlerReceiver implements Component {
  readonly #settings: UpstreamSettings<KubevirtHandlerConfig>;
  readonly #telemetry: ReceiverTelemetry;
  readonly #abort = new AbortController();
  readonly #failing = new Set<string>();
  #client: HttpClient | undefined;
  #schedules: readonly ScrapeSchedule[] = [];

  constructor(settings: UpstreamSettings<KubevirtHandlerConfig>) {
    this.#settings = settings;
    this.#telemetry = createTelemetry(settings.meter, settings.id);
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
    this.#schedules = config.targets.map((target) => this.#schedule(target, client));
    for (const schedule of this.#schedules) schedule.start();
  }

  /** Waits for the scrapes under way, for `drainMs` at most. */
  async shutdown(drainMs: number): Promise<void> {
    const cancel = this.#settings.clock.schedule(drainMs, () => this.#abort.abort());
    await Promise.all(this.#schedules.map((schedule) => schedule.stop()));
    cancel();
    this.#schedules = [];
    await this.#client?.close();
    this.#client = undefined;
  }

  #schedule(target: TargetConfig, client: HttpClient): ScrapeSchedule {
    const { config, clock } = this.#settings;
    const scraper = this.#target(target, client);
    return new ScrapeSchedule({
      intervalMs: config.collection_interval,
      firstDelayMs: firstDelay(
        target.metrics_endpoint,
        config.collection_interval,
        config.initial_delay,
        clock.now(),
      ),
      clock,
      scrape: (timeMs) => scraper.scrape(timeMs),
      onSkipped: (ticks) => this.#telemetry.skipped(ticks),
    });
  }

  #target(target: TargetConfig, client: HttpClient): ScrapeTarget {
    const { config, next, clock, logger, build } = this.#settings;
    const url = new URL(target.metrics_endpoint);
    const timeoutMs = timeoutOf(config);
    const { signal } = this.#abort;
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
      onOutcome: (error) => this.#outcome(url.href, error),
    });
  }

  /** The receiver is in order while all of its targets are. */
  #outcome(target: string, error: unknown): void {
    if (error === undefined) this.#failing.delete(target);
    else this.#failing.add(target);
    this.#settings.reportStatus(
      this.#failing.size === 0 ? { status: "ok" } : { status: "recoverable_error", error },
    );
  }
}
