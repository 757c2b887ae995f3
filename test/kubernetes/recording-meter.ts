import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import type { Meter } from "../../src/telemetry/index.ts";

class ManualReader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** A real SDK meter; `total` sums the points of a metric whose attributes include the given ones. */
export function recordingMeter(): Meter & {
  total(name: string, attributes?: Readonly<Record<string, string>>): Promise<number>;
} {
  const reader = new ManualReader();
  const meter = new MeterProvider({ readers: [reader] }).getMeter("test");
  return Object.assign(meter, {
    async total(name: string, attributes: Readonly<Record<string, string>> = {}): Promise<number> {
      const { resourceMetrics } = await reader.collect();
      return resourceMetrics.scopeMetrics
        .flatMap(({ metrics }) => metrics)
        .filter(({ descriptor }) => descriptor.name === name)
        .flatMap(({ dataPoints }) => dataPoints as { attributes: object; value: unknown }[])
        .filter((point) =>
          Object.entries(attributes).every(
            ([key, value]) => (point.attributes as Record<string, unknown>)[key] === value,
          ),
        )
        .reduce((sum, { value }) => sum + Number(value), 0);
    },
  });
}
