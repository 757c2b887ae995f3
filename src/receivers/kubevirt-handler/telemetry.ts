import { createScrapeTelemetry, type ScrapeTelemetry } from "../../scrape/index.ts";
import type { Meter } from "../../telemetry/index.ts";

export interface ReceiverTelemetry extends ScrapeTelemetry {
  readonly healthCheckFailed: (reason: string) => void;
}

/** The receiver's counters: those of scraping and one of its own. */
export function createTelemetry(meter: Meter, receiver: string): ReceiverTelemetry {
  const failed = meter.createCounter("otelcol_kubevirt_handler_failed_health_checks", {
    unit: "{check}",
    description: "Number of health checks that failed, by reason.",
  });
  return {
    ...createScrapeTelemetry(meter, { receiver }),
    healthCheckFailed: (reason) => failed.add(1, { receiver, reason }),
  };
}
