import { createScrapeTelemetry, type ScrapeTelemetry, usualFailures } from "../../scrape/index.ts";
import type { Meter } from "../../telemetry/index.ts";

export interface ReceiverTelemetry extends ScrapeTelemetry {
  readonly healthCheckFailed: (reason: string) => void;
  readonly targets: (count: number) => void;
}

/** The receiver's metrics: those of scraping and its own. */
export function createTelemetry(meter: Meter, receiver: string): ReceiverTelemetry {
  const failed = meter.createCounter("otelcol_kubevirt_handler_failed_health_checks", {
    unit: "{check}",
    description: "Number of health checks that failed, by reason.",
  });
  for (const reason of usualFailures) failed.add(0, { receiver, reason });
  const targets = meter.createGauge("otelcol_kubevirt_handler_targets", {
    unit: "{target}",
    description: "Targets that are scraped at the moment.",
  });
  return {
    ...createScrapeTelemetry(meter, { receiver }),
    healthCheckFailed: (reason) => failed.add(1, { receiver, reason }),
    targets: (count) => targets.record(count, { receiver }),
  };
}
