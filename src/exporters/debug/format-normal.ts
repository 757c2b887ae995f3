import {
  type DataPoint,
  DataPointType,
  type ExponentialHistogramValue,
  type HistogramValue,
  type Metric,
  type MetricsBatch,
  NO_RECORDED_VALUE,
  type SummaryValue,
} from "../../metrics/index.ts";
import { formatPairs } from "./format-value.ts";

/** One line for each resource, scope and data point; without a newline at the end. */
export function formatNormal(batch: MetricsBatch): string {
  const lines: string[] = [];
  for (const [r, { resource, scopeMetrics }] of batch.entries()) {
    lines.push(
      line(`ResourceMetrics #${r}`, resource.schemaUrl ?? "", formatPairs(resource.attributes, " ")),
    );
    for (const [s, { scope, metrics }] of scopeMetrics.entries()) {
      const name = scope.version === undefined ? scope.name : `${scope.name}@${scope.version}`;
      const attributes = formatPairs(scope.attributes ?? {}, " ");
      lines.push(line(`ScopeMetrics #${s}`, name, scope.schemaUrl ?? "", attributes));
      for (const metric of metrics) {
        for (const point of metric.dataPoints) {
          const labels = formatPairs(point.attributes, ",");
          lines.push(`${metric.descriptor.name}{${labels}} ${valueText(metric, point)}`);
        }
      }
    }
  }
  return lines.join("\n");
}

function line(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}

function valueText({ dataPointType }: Metric, { value, flags = 0 }: DataPoint<unknown>): string {
  if ((flags & NO_RECORDED_VALUE) !== 0) return "(no recorded value)";
  switch (dataPointType) {
    case DataPointType.GAUGE:
    case DataPointType.SUM:
      return String(value);
    case DataPointType.HISTOGRAM: {
      const { buckets, ...summary } = value as HistogramValue;
      const counts = buckets.counts.map((count, i) => `le${buckets.boundaries[i] ?? "+Inf"}=${count}`);
      return line(totals(summary), ...counts);
    }
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      return totals(value as ExponentialHistogramValue);
    case DataPointType.SUMMARY: {
      const { count, sum, quantiles } = value as SummaryValue;
      return line(totals({ count, sum }), ...quantiles.map((q) => `q${q.quantile}=${q.value}`));
    }
  }
}

function totals(value: Readonly<Partial<Record<"count" | "sum" | "min" | "max", number | bigint>>>): string {
  return (["count", "sum", "min", "max"] as const)
    .filter((key) => value[key] !== undefined)
    .map((key) => `${key}=${value[key]}`)
    .join(" ");
}
