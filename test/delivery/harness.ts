import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import type { Host, Settings, StatusEvent } from "../../src/component/index.ts";
import { AggregationTemporality, Batch, DataPointType, ValueType } from "../../src/metrics/index.ts";
import type { LogFields, Logger } from "../../src/telemetry/index.ts";
import { FakeClock } from "./fake-clock.ts";

/** A host without extensions. */
export const noHost: Host = { extension: () => undefined };

class PullReader extends MetricReader {
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

function recordingLogger(lines: LogLine[]): Logger {
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      lines.push({ level, message, fields });
  const logger: Logger = {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: () => logger,
    isEnabled: () => true,
  };
  return logger;
}

/** Settings whose effects can be looked at: real meters, recorded logs and status, a clock that only tests advance. */
export function harness(id = "otlp_http") {
  const clock = new FakeClock();
  const logs: LogLine[] = [];
  const statuses: StatusEvent[] = [];
  const reader = new PullReader();
  const provider = new MeterProvider({ readers: [reader] });
  const settings: Omit<Settings<unknown>, "config"> = {
    id,
    clock,
    logger: recordingLogger(logs),
    meter: provider.getMeter("test"),
    reportStatus: (event) => statuses.push(event),
    build: { command: "otelcol-kubevirt", version: "1.2.3" },
  };
  return {
    settings,
    /** Every counter of the exporter: name, what else it is about, value. */
    async counters(): Promise<readonly string[]> {
      const { resourceMetrics } = await reader.collect();
      const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
      return metrics
        .filter(({ dataPointType }) => dataPointType === DataPointType.SUM)
        .flatMap(({ descriptor, dataPoints }) =>
          dataPoints.map(({ attributes, value }) => {
            const about = attributes["reason"] ?? attributes["error.type"];
            return [descriptor.name.replace("otelcol_exporter_", ""), about, value]
              .filter((part) => part !== undefined)
              .join(" ");
          }),
        )
        .toSorted();
    },
    clock,
    logs,
    statuses,
    /** Sum of `otelcol_exporter_<name>`, or of another prefix, over all attribute sets that contain `attributes`. */
    async metric(
      name: string,
      attributes: Readonly<Record<string, unknown>> = {},
      prefix = "otelcol_exporter_",
    ): Promise<number> {
      const { resourceMetrics } = await reader.collect();
      let sum = 0;
      for (const { metrics } of resourceMetrics.scopeMetrics) {
        for (const { descriptor, dataPoints } of metrics) {
          if (descriptor.name !== prefix + name) continue;
          for (const point of dataPoints) {
            const matches = Object.entries(attributes).every(
              ([key, value]) => point.attributes[key] === value,
            );
            if (matches) sum += point.value as number;
          }
        }
      }
      return sum;
    },
  };
}

/** A batch of one gauge with `points` points, or one resource for each number. */
export function gauges(...points: number[]): Batch {
  return Batch.from(
    points.map((count, r) => ({
      resource: { attributes: { "service.name": `handler-${r}` } },
      scopeMetrics: [
        {
          scope: { name: "test" },
          metrics: [
            {
              descriptor: { name: "g", description: "", unit: "1", valueType: ValueType.DOUBLE },
              dataPointType: DataPointType.GAUGE,
              aggregationTemporality: AggregationTemporality.UNSPECIFIED,
              dataPoints: Array.from({ length: count }, (_, i) => ({
                startTime: [0, 0] as const,
                endTime: [1_700_000_000, 0] as const,
                attributes: { i: String(i) },
                value: i + 0.5,
              })),
            },
          ],
        },
      ],
    })),
  );
}
