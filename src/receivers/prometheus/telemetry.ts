import { createScrapeTelemetry, type ScrapeTelemetry } from "../../scrape/index.ts";
import type { Meter } from "../../telemetry/index.ts";

export interface ReceiverTelemetry extends ScrapeTelemetry {
  readonly discoveryFailed: (job: string) => void;
  readonly targetRefused: (job: string, targets: number) => void;
}

/** The receiver's counters: those of scraping and its own about targets, which begin at 0 for each of `jobs`. */
export function createTelemetry(meter: Meter, receiver: string, jobs: readonly string[]): ReceiverTelemetry {
  const discoveries = meter.createCounter("otelcol_prometheus_failed_discoveries", {
    unit: "{discovery}",
    description: "Number of looks for targets that failed, by job.",
  });
  const targets = meter.createCounter("otelcol_prometheus_invalid_targets", {
    unit: "{target}",
    description: "Number of discovered targets that could not be scraped for what their labels say, by job.",
  });
  for (const job of jobs) {
    discoveries.add(0, { receiver, job });
    targets.add(0, { receiver, job });
  }
  return {
    ...createScrapeTelemetry(meter, { receiver }),
    discoveryFailed: (job) => discoveries.add(1, { receiver, job }),
    targetRefused: (job, amount) => targets.add(amount, { receiver, job }),
  };
}
