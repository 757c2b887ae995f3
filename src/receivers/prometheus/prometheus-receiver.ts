import type { Component, UpstreamSettings } from "../../component/index.ts";
import { type PoolTarget, ScrapePool } from "../../scrape/index.ts";
import type { PrometheusConfig } from "./config.ts";
import { jobSettings } from "./job-settings.ts";
import { ScrapeJob } from "./scrape-job.ts";
import { createTelemetry } from "./telemetry.ts";

/** Scrapes whatever its jobs discover. */
export class PrometheusReceiver implements Component {
  readonly #jobs: readonly ScrapeJob[];
  readonly #pool: ScrapePool;
  readonly #targets = new Map<string, readonly PoolTarget[]>();
  /** Until all jobs have begun, so that the pool is not told job by job. */
  #starting = true;

  constructor(settings: UpstreamSettings<PrometheusConfig>) {
    const { global, scrape_configs } = settings.config.config;
    const jobs = scrape_configs.map(({ job_name }) => job_name);
    const telemetry = createTelemetry(settings.meter, settings.id, jobs);
    this.#pool = new ScrapePool({
      clock: settings.clock,
      initialDelayMs: 0,
      onSkipped: (ticks) => telemetry.skipped(ticks),
      reportStatus: settings.reportStatus,
    });
    this.#jobs = scrape_configs.map(
      (config) =>
        new ScrapeJob({
          settings,
          job: jobSettings(config, global),
          telemetry,
          onTargets: (targets) => {
            this.#targets.set(config.job_name, targets);
            if (!this.#starting) this.#sync();
          },
        }),
    );
  }

  /** @throws CollectorError when a file of the configuration is missing or unusable, or a cluster cannot be reached as configured */
  async start(): Promise<void> {
    const started = await Promise.allSettled(this.#jobs.map((job) => job.start()));
    const failed = started.find((result) => result.status === "rejected");
    if (failed !== undefined) {
      await this.shutdown(0);
      throw failed.reason;
    }
    this.#starting = false;
    this.#sync();
  }

  /** Waits for the scrapes under way, for `drainMs` at most. */
  async shutdown(drainMs: number): Promise<void> {
    this.#starting = true;
    await Promise.all([...this.#jobs.map((job) => job.closeSources()), this.#pool.close(drainMs)]);
    await Promise.all(this.#jobs.map((job) => job.closeClient()));
  }

  #sync(): void {
    this.#pool.sync([...this.#targets.values()].flat());
  }
}
