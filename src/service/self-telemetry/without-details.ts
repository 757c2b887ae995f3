import { DataPointType, type MetricData } from "@opentelemetry/sdk-metrics";

/** The attribute that only `detailed` has, as in the Collector, and the counter that it is of. */
const DETAIL = "error.permanent";
const METRIC = "otelcol_exporter_send_failed_metric_points";

/** The metric without the attribute: what differed in it alone is added up. */
export function withoutDetails(metric: MetricData): MetricData {
  if (metric.descriptor.name !== METRIC || metric.dataPointType !== DataPointType.SUM) return metric;
  const points = new Map<string, (typeof metric.dataPoints)[number]>();
  for (const point of metric.dataPoints) {
    const { [DETAIL]: _, ...attributes } = point.attributes;
    const key = JSON.stringify(Object.entries(attributes).sort());
    const same = points.get(key);
    points.set(key, { ...point, attributes, value: point.value + (same?.value ?? 0) });
  }
  return { ...metric, dataPoints: [...points.values()] };
}
