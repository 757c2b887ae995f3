import type { UpstreamSettings } from "../../component/index.ts";
import {
  FileSource,
  HttpSource,
  PrometheusHttpClient,
  StaticSource,
  type TargetGroup,
  type TargetSource,
} from "../../discovery/index.ts";
import { errorText } from "../../errors/index.ts";
import { compileRelabelling, type Relabelling } from "../../relabel/index.ts";
import {
  FailureLog,
  type PoolTarget,
  ScrapeRefusal,
  ScrapeTarget,
  type TargetHooks,
} from "../../scrape/index.ts";
import type { PrometheusConfig } from "./config.ts";
import type { JobSettings } from "./job-settings.ts";
import { KubernetesSource } from "./kubernetes-source.ts";
import { isLegacyLabelName } from "./names.ts";
import { sampleMapping } from "./sample-mapping.ts";
import { type LabelledTarget, labelTarget } from "./target-labels.ts";
import { TargetResources } from "./target-resource.ts";
import type { ReceiverTelemetry } from "./telemetry.ts";

export interface ScrapeJobOptions {
  readonly settings: UpstreamSettings<PrometheusConfig>;
  readonly job: JobSettings;
  readonly telemetry: ReceiverTelemetry;
  /** All targets of the job, whenever they may be others than before. */
  readonly onTargets: (targets: readonly PoolTarget[]) => void;
}

/** What became of the targets of one group. */
interface LabelledGroup {
  readonly targets: readonly PoolTarget[];
  readonly problems: readonly string[];
}

/** One entry of `scrape_configs`: follows its sources of targets and says what is to be scraped. */
export class ScrapeJob {
  readonly #options: ScrapeJobOptions;
  readonly #sources: readonly TargetSource[];
  /** By source. */
  readonly #groups = new Map<TargetSource, readonly TargetGroup[]>();
  /** Groups keep their identity while they stay the same. */
  #labelled = new WeakMap<TargetGroup, LabelledGroup>();
  readonly #relabelling: Relabelling;
  readonly #metricRelabelling: Relabelling | undefined;
  readonly #targetLog: FailureLog;
  #http: PrometheusHttpClient | undefined;
  /** Set while there are more targets than allowed: every scrape fails. */
  #overLimit: ScrapeRefusal | undefined;

  constructor(options: ScrapeJobOptions) {
    this.#options = options;
    const { config, legacyNames } = options.job;
    const isName = legacyNames ? isLegacyLabelName : undefined;
    this.#relabelling = compileRelabelling(config.relabel_configs, isName);
    if (config.metric_relabel_configs.length > 0) {
      this.#metricRelabelling = compileRelabelling(config.metric_relabel_configs, isName);
    }
    this.#sources = this.#createSources();
    this.#targetLog = this.#failureLog("Targets cannot be scraped.", "All targets can be scraped again.");
  }

  /** @throws CollectorError when a source or the HTTP client can never work as configured */
  async start(): Promise<void> {
    const { settings, job } = this.#options;
    const { logger, clock } = settings;
    this.#http = await PrometheusHttpClient.open({
      config: job.config,
      logger,
      userAgent: this.#userAgent,
      tokenTimeoutMs: job.timeoutMs,
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
    });
    for (const source of this.#sources) await this.#follow(source);
  }

  async closeSources(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.close()));
  }

  /** To be called when nothing is scraped any more. */
  async closeClient(): Promise<void> {
    await this.#http?.close();
    this.#http = undefined;
  }

  get #userAgent(): string {
    const { command, version } = this.#options.settings.build;
    return `${command}/${version}`;
  }

  #createSources(): readonly TargetSource[] {
    const { settings, job } = this.#options;
    const { clock, logger, meter, id } = settings;
    const { static_configs, file_sd_configs, http_sd_configs, kubernetes_sd_configs } = job.config;
    const userAgent = this.#userAgent;
    return [
      ...(static_configs.length > 0 ? [new StaticSource(static_configs)] : []),
      ...file_sd_configs.map((config) => new FileSource(config, clock)),
      ...http_sd_configs.map((config) => new HttpSource({ config, clock, logger, userAgent })),
      ...kubernetes_sd_configs.map((config) => {
        const telemetryAttributes = { receiver: id };
        return new KubernetesSource(config, { logger, meter, clock, userAgent, telemetryAttributes });
      }),
    ];
  }

  async #follow(source: TargetSource): Promise<void> {
    const { telemetry, job } = this.#options;
    const name = job.config.job_name;
    const log = this.#failureLog(
      "Targets cannot be discovered, the last known ones stay.",
      "Discovery works again.",
    );
    await source.start({
      groups: (groups) => {
        this.#groups.set(source, groups);
        this.#update();
      },
      failed: (error) => {
        telemetry.discoveryFailed(name);
        log.failed(errorText(error), { job: name, error: errorText(error) });
      },
      succeeded: () => log.succeeded(),
    });
  }

  #failureLog(failed: string, recovered: string): FailureLog {
    const { logger, clock } = this.#options.settings;
    return new FailureLog(logger, clock, { failed, recovered });
  }

  #update(): void {
    const { job, telemetry, onTargets } = this.#options;
    const { job_name } = job.config;
    const problems: string[] = [];
    const targets = new Map<string, PoolTarget>();
    for (const group of [...this.#groups.values()].flat()) {
      const labelled = this.#labelledOf(group);
      problems.push(...labelled.problems);
      for (const target of labelled.targets) if (!targets.has(target.key)) targets.set(target.key, target);
    }
    if (problems.length > 0) {
      telemetry.targetRefused(job_name, problems.length);
      const fields = { job: job_name, targets: problems.length, error: problems[0] };
      this.#targetLog.failed(JSON.stringify(problems), fields);
    } else {
      this.#targetLog.succeeded();
    }
    const limit = job.targetLimit;
    this.#overLimit =
      limit > 0 && targets.size > limit
        ? new ScrapeRefusal(
            "target_limit",
            `job ${job_name} has ${targets.size} targets, target_limit is ${limit}`,
          )
        : undefined;
    onTargets([...targets.values()]);
  }

  #labelledOf(group: TargetGroup): LabelledGroup {
    let labelled = this.#labelled.get(group);
    if (labelled === undefined) {
      const targets: PoolTarget[] = [];
      const problems: string[] = [];
      for (const [i, own] of group.targets.entries()) {
        try {
          const target = labelTarget(own, group.labels, this.#options.job, this.#relabelling);
          if (target !== undefined) targets.push(this.#pooled(target));
        } catch (error) {
          problems.push(`target ${i + 1} of group ${group.source}: ${errorText(error)}`);
        }
      }
      labelled = { targets, problems };
      this.#labelled.set(group, labelled);
    }
    return labelled;
  }

  #pooled(target: LabelledTarget): PoolTarget {
    const { config, externalLabels } = this.#options.job;
    const { labels, publicLabels, url, intervalMs } = target;
    const {
      job = "",
      instance = "",
      ...attributes
    } = { ...Object.fromEntries(publicLabels), ...externalLabels };
    const resources = new TargetResources(target, job, instance);
    const about = resources.own.attributes;
    return {
      // A pod that takes the address of another is another target, though its labels may be the same.
      key: JSON.stringify([config.job_name, [...labels], url.href, about]),
      identity: JSON.stringify([[...publicLabels], about]),
      intervalMs,
      create: (hooks) => this.#scrapeTarget(target, resources, { job, instance, attributes }, hooks),
    };
  }

  #scrapeTarget(
    target: LabelledTarget,
    resources: TargetResources,
    own: {
      readonly job: string;
      readonly instance: string;
      readonly attributes: Readonly<Record<string, string>>;
    },
    hooks: TargetHooks,
  ): ScrapeTarget {
    const { settings, job, telemetry } = this.#options;
    const { next, clock, logger, build } = settings;
    const { config, limits } = job;
    const http = this.#http as PrometheusHttpClient;
    return new ScrapeTarget({
      ...hooks,
      url: target.url,
      resource: resources.own,
      scope: { name: build.command, version: build.version },
      attributes: own.attributes,
      mapping: sampleMapping({
        target: target.publicLabels,
        honorLabels: config.honor_labels,
        relabelling: this.#metricRelabelling,
        externalLabels: job.externalLabels,
        job: own.job,
        instance: own.instance,
        limits,
        legacyNames: job.legacyNames,
        resourceOf: (otherJob, otherInstance) => resources.of(otherJob, otherInstance),
      }),
      // The mapping checks labels: limits hold for what relabelling leaves.
      limits: limits.sampleLimit === undefined ? {} : { sampleLimit: limits.sampleLimit },
      formats: {
        protocols: job.protocols,
        escaping: job.escaping,
        fallback: config.fallback_scrape_protocol,
        compression: config.enable_compression,
      },
      histograms: target.histograms,
      honorTimestamps: config.honor_timestamps,
      trackTimestampsStaleness: config.track_timestamps_staleness,
      extraReport: job.extraReport,
      timeoutMs: target.timeoutMs,
      bodyLimitBytes: job.bodyLimitBytes,
      probes: [],
      client: http.client,
      followRedirects: http.followRedirects,
      credentials: async () => {
        if (this.#overLimit !== undefined) throw this.#overLimit;
        return await http.credentials();
      },
      next,
      clock,
      logger,
      telemetry,
    });
  }
}
