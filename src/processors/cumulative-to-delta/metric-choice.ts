import { AggregationTemporality, DataPointType, type MetricLayout } from "../../metrics/index.ts";
import { compileRegex } from "../../regex/index.ts";
import type { Choice, Config, MetricType } from "./config.ts";

/** Whether a metric is a running total that the configuration wants converted. */
export function metricChoice({ include, exclude }: Config): (metric: MetricLayout) => boolean {
  const included = nameTest(include);
  const excluded = nameTest(exclude);
  return (metric) => {
    const type = typeOf(metric);
    if (type === undefined || metric.aggregationTemporality !== AggregationTemporality.CUMULATIVE)
      return false;
    const { name } = metric.descriptor;
    if (include.metrics.length > 0 && !included(name)) return false;
    if (include.metric_types.length > 0 && !include.metric_types.includes(type)) return false;
    return !excluded(name) && !exclude.metric_types.includes(type);
  };
}

/** A sum that may fall has no delta in the sense of the others, and passes. */
function typeOf({ dataPointType, isMonotonic }: MetricLayout): MetricType | undefined {
  switch (dataPointType) {
    case DataPointType.SUM:
      return isMonotonic ? "sum" : undefined;
    case DataPointType.HISTOGRAM:
      return "histogram";
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      return "exponential_histogram";
    default:
      return undefined;
  }
}

function nameTest({ metrics, match_type }: Choice): (name: string) => boolean {
  if (match_type !== "regexp") {
    const names = new Set(metrics);
    return (name) => names.has(name);
  }
  const patterns = metrics.map((pattern) => compileRegex(pattern));
  return (name) => patterns.some((pattern) => pattern.test(name));
}
