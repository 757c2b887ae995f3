import { DataPointType, hrTimeToNs, type Metric, type MetricsBatch } from "../../src/metrics/index.ts";

const kinds = new Map(Object.entries(DataPointType).map(([name, type]) => [type, name.toLowerCase()]));

/** Everything about a point but its times, with the place it stands at as the key. */
export function flatten(batch: MetricsBatch): Map<string, unknown> {
  const points = new Map<string, unknown>();
  for (const { resource, scopeMetrics } of batch) {
    points.set(`resource ${text(resource.attributes)}`, null);
    for (const { scope, metrics } of scopeMetrics) {
      for (const metric of metrics) {
        for (const point of metric.dataPoints) {
          const key = `${metric.descriptor.name} ${text(point.attributes)}`;
          points.set(key, {
            ...describe(metric),
            scope: /prometheusreceiver$|^otelcol-kubevirt/.test(scope.name)
              ? "the receiver's own"
              : text({ ...scope }),
            value: plain(point.value),
            flags: point.flags ?? 0,
            exemplars: (point.exemplars ?? []).length,
            started: hrTimeToNs(point.startTime) !== 0n,
          });
        }
      }
    }
  }
  return points;
}

function describe(metric: Metric) {
  const { description, unit } = metric.descriptor;
  return {
    kind: kinds.get(metric.dataPointType),
    temporality: metric.aggregationTemporality,
    monotonic: "isMonotonic" in metric && metric.isMonotonic,
    description,
    unit,
    metadata: text(metric.metadata ?? {}),
  };
}

/** NaN is the same as NaN, whatever its payload, and an integer the same as a double of its value. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, inner) =>
      typeof inner === "bigint" || (typeof inner === "number" && !Number.isFinite(inner))
        ? String(inner)
        : inner,
    ) ?? "null",
  );
}

function text(attributes: Readonly<Record<string, unknown>>): string {
  const sorted = Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(", ")}}`;
}
