import type * as sdk from "@opentelemetry/sdk-metrics";
import {
  AggregationTemporality,
  DataPointType,
  type Metric,
  type MetricsBatch,
  NO_RECORDED_VALUE,
} from "./types.ts";

/**
 * A batch as the SDK's own types, for a `PushMetricExporter`. Lossy, since the SDK has no place for them: summaries,
 * points without a recorded value, exemplars, metadata and scope attributes are left out, integers become doubles.
 * `dropped` counts the points left out.
 */
export function toSdk(batch: MetricsBatch): { resourceMetrics: sdk.ResourceMetrics[]; dropped: number } {
  let dropped = 0;
  const resourceMetrics = batch.map(({ resource, scopeMetrics }) => ({
    resource: sdkResource(resource),
    scopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({
      scope: {
        name: scope.name,
        ...(scope.version !== undefined && { version: scope.version }),
        ...(scope.schemaUrl !== undefined && { schemaUrl: scope.schemaUrl }),
      },
      metrics: metrics.flatMap((metric) => {
        const converted = sdkMetric(metric);
        dropped += metric.dataPoints.length - (converted?.dataPoints.length ?? 0);
        return converted === undefined ? [] : [converted];
      }),
    })),
  }));
  return { resourceMetrics, dropped };
}

function sdkResource(resource: MetricsBatch[number]["resource"]): sdk.ResourceMetrics["resource"] {
  const attributes = { ...resource.attributes };
  return {
    attributes,
    asyncAttributesPending: false,
    ...(resource.schemaUrl !== undefined && { schemaUrl: resource.schemaUrl }),
    merge: (other) => sdkResource({ ...resource, attributes: { ...attributes, ...other?.attributes } }),
    getRawAttributes: () => Object.entries(attributes) as never,
  };
}

function sdkMetric(metric: Metric): sdk.MetricData | undefined {
  if (metric.dataPointType === DataPointType.SUMMARY) return undefined;
  const dataPoints = metric.dataPoints
    .filter(({ flags = 0 }) => (flags & NO_RECORDED_VALUE) === 0)
    .map(({ startTime, endTime, attributes, value }) => ({
      startTime,
      endTime,
      attributes,
      value: typeof value === "bigint" ? Number(value) : value,
    }));
  return {
    descriptor: metric.descriptor,
    dataPointType: metric.dataPointType,
    aggregationTemporality:
      metric.aggregationTemporality === AggregationTemporality.DELTA
        ? AggregationTemporality.DELTA
        : AggregationTemporality.CUMULATIVE,
    ...(metric.dataPointType === DataPointType.SUM && { isMonotonic: metric.isMonotonic }),
    dataPoints,
  } as unknown as sdk.MetricData;
}
