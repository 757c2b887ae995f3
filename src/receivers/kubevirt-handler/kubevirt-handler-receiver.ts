import type { Component, Host, UpstreamSettings } from "../../component/index.ts";
import { HttpClient, type TlsClientConfig } from "../../net/index.ts";
import {
  type BodySource,
  FailureLog,
  type PoolTarget,
  ScrapePool,
  ScrapeTarget,
  type TargetHooks,
} from "../../scrape/index.ts";
import { healthUrlOf, type KubevirtHandlerConfig, type PodsConfig, timeoutOf } from "./config.ts";
import { HealthProbe } from "./health-probe.ts";
import { filterLines } from "./line-filter.ts";
import { PodSource, type ScrapedPod } from "./pod-source.ts";
import { ReceiverStatus } from "./receiver-status.ts";
import { type Target, targetResource } from "./target-resource.ts";
import { createTelemetry, type ReceiverTelemetry } from "./telemetry.ts";

/** Scrapes each target, configured or found in the cluster, on a schedule of its own, with its health check beside. */
export class KubevirtHandlerReceiver implements Component {
  readonly #settings: UpstreamSettings<KubevirtHandlerConfig>;
  readonly #telemetry: ReceiverTelemetry;
  readonly #status: ReceiverStatus;
  readonly #pool: ScrapePool;
  #client: HttpClient | undefined;
  #pods: PodSource | undefined;
  #found: readonly ScrapedPod[] = [];

  constructor(settings: UpstreamSettings<KubevirtHandlerConfig>) {
    this.#settings = settings;
    this.#telemetry = createTelemetry(settings.meter, settings.id);
    this.#status = new ReceiverStatus(settings.reportStatus);
    this.#pool = new ScrapePool({
      clock: settings.clock,
      initialDelayMs: settings.config.initial_delay,
      onSkipped: (ticks) => this.#telemetry.skipped(ticks),
      reportStatus: (event) => this.#status.scraping(event),
    });
  }

  /**
   * @throws CollectorError TLS_FILE or COMPONENT_START when a configured file is missing or unusable, or with
   * `kubernetes` outside a cluster
   */
  async start(host: Host): Promise<void> {
    const { config } = this.#settings;
    this.#client = await this.#open(host, config.tls);
    try {
      if (config.kubernetes !== undefined) this.#pods = await this.#discover(host, config.kubernetes);
    } catch (error) {
      await this.#client.close();
      throw error;
    }
    this.#sync();
  }

  #discover(host: Host, pods: PodsConfig): Promise<PodSource> {
    const { config, logger, meter, clock, id } = this.#settings;
    return PodSource.start({
      config,
      pods,
      host: {
        logger,
        meter,
        clock,
        userAgent: this.#userAgent,
        telemetryAttributes: { receiver: id },
        onHealth: (error) => this.#status.discovery(error),
      },
      open: (tls) => this.#open(host, tls),
      onChange: (found) => {
        this.#found = found;
        this.#sync();
      },
    });
  }

  /** Waits for the scrapes under way, for `drainMs` at most. */
  async shutdown(drainMs: number): Promise<void> {
    await this.#pods?.close();
    await this.#pool.close(drainMs);
    await Promise.all([this.#client?.close(), this.#pods?.closeClients()]);
    this.#client = undefined;
    this.#pods = undefined;
  }

  get #userAgent(): string {
    const { command, version } = this.#settings.build;
    return `${command}/${version}`;
  }

  #open(host: Host, tls: TlsClientConfig | undefined): Promise<HttpClient> {
    const { config, logger, clock } = this.#settings;
    return HttpClient.open({
      config: { ...config, tls },
      host,
      logger,
      userAgent: this.#userAgent,
      now: () => clock.now(),
    });
  }

  /** The configured targets, and the pods found but for those that are configured targets already. */
  #sync(): void {
    const { targets } = this.#settings.config;
    const client = this.#client as HttpClient;
    const configured = new Set(targets.map(({ metrics_endpoint }) => metrics_endpoint));
    this.#pool.sync([
      ...targets.map((target) => this.#pooled(target.metrics_endpoint, target, client)),
      ...this.#found
        .filter(({ target }) => !configured.has(target.metrics_endpoint))
        .map(({ key, target, client: own }) => this.#pooled(key, target, own)),
    ]);
    this.#telemetry.targets(this.#pool.size);
  }

  #pooled(key: string, target: Target, client: BodySource): PoolTarget {
    return {
      key,
      intervalMs: this.#settings.config.collection_interval,
      create: (hooks) => this.#target(target, client, hooks),
    };
  }

  #target(target: Target, client: BodySource, { signal, onOutcome }: TargetHooks): ScrapeTarget {
    const { config, next, clock, logger, build } = this.#settings;
    const url = new URL(target.metrics_endpoint);
    const timeoutMs = timeoutOf(config);
    const healthUrl = healthUrlOf(target);
    const probes =
      healthUrl === undefined
        ? []
        : [
            new HealthProbe({
              set: config.set,
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
      resource: targetResource(target, config.set),
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
      client: filterLines(client, config.raw_line_filters),
      next,
      clock,
      logger,
      telemetry: this.#telemetry,
      signal,
      onOutcome,
    });
  }
}
