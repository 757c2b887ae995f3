import { type Host, type StatusEvent, systemClock } from "../../../src/component/index.ts";
import type { Batch, DataPoint, MetricsBatch } from "../../../src/metrics/index.ts";
import { configSchema } from "../../../src/receivers/kubevirt-handler/config.ts";
import definition from "../../../src/receivers/kubevirt-handler/index.ts";
import { Counts, type LogLine, recordingLogger } from "../../scrape/harness.ts";
import type { Cleanup } from "../../support/certificates.ts";

const host: Host = { extension: () => undefined };

/** A receiver that runs, and what came of it. */
export interface Run {
  /** The first batch of these for which `wanted` holds. */
  next(wanted?: (batch: MetricsBatch) => boolean): Promise<MetricsBatch>;
  readonly counts: Counts;
  readonly log: LogLine[];
  readonly status: StatusEvent[];
  stop(drainMs?: number): Promise<void>;
}

export async function run(t: Cleanup, input: Record<string, unknown>): Promise<Run> {
  const counts = new Counts();
  const log: LogLine[] = [];
  const status: StatusEvent[] = [];
  const waiting: { wanted: (batch: MetricsBatch) => boolean; resolve: (batch: MetricsBatch) => void }[] = [];
  const receiver = definition.create({
    id: "kubevirt_handler",
    config: configSchema.parse({ collection_interval: "1s", initial_delay: 0, ...input }),
    logger: recordingLogger(log),
    meter: counts.meter,
    clock: systemClock,
    reportStatus: (event) => status.push(event),
    build: { command: "otelcol-kubevirt", version: "1.2.3" },
    next: {
      async consume(batch: Batch) {
        const view = batch.resourceMetrics;
        for (const waiter of [...waiting]) {
          if (!waiter.wanted(view)) continue;
          waiting.splice(waiting.indexOf(waiter), 1);
          waiter.resolve(view);
        }
      },
    },
  });
  const stop = async (drainMs = 1000) => receiver.shutdown?.(drainMs);
  t.after(() => stop());
  await receiver.start?.(host);
  return {
    next: (wanted = () => true) => new Promise((resolve) => waiting.push({ wanted, resolve })),
    counts,
    log,
    status,
    stop,
  };
}

/** The first point of a metric. */
export function point(batch: MetricsBatch, name: string): DataPoint<unknown> | undefined {
  for (const { scopeMetrics } of batch) {
    for (const { metrics } of scopeMetrics) {
      const metric = metrics.find(({ descriptor }) => descriptor.name === name);
      if (metric !== undefined) return metric.dataPoints[0];
    }
  }
  return undefined;
}

export const value = (batch: MetricsBatch, name: string) => point(batch, name)?.value;
