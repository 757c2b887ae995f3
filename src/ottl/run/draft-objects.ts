import {
  type DataPoint,
  DataPointType,
  type Metric,
  type MetricsBatch,
  type ResourceMetrics,
  type ScopeMetrics,
} from "../../metrics/index.ts";
import type { MetricDraft, PointDraft, PointValue, ResourceDraft } from "../context/draft.ts";

/** Drafts of plain objects, values included. */
export function draftObjects(batch: MetricsBatch): ResourceDraft[] {
  return batch.map(({ resource, scopeMetrics }) => ({
    resource,
    scopes: scopeMetrics.map(({ scope, metrics }) => ({ scope, metrics: metrics.map(draftMetric) })),
  }));
}

function draftMetric(metric: Metric): MetricDraft {
  return {
    descriptor: metric.descriptor,
    dataPointType: metric.dataPointType,
    aggregationTemporality: metric.aggregationTemporality,
    isMonotonic: metric.dataPointType === DataPointType.SUM && metric.isMonotonic,
    metadata: metric.metadata,
    points: (metric.dataPoints as readonly DataPoint<PointValue>[]).map((point) => ({
      attributes: point.attributes,
      data: point,
      origin: undefined,
    })),
  };
}

/** Plain objects of drafts; metrics without points are left out, and what is empty then. */
export function objectsOf(drafts: readonly ResourceDraft[]): MetricsBatch {
  const resources: ResourceMetrics[] = [];
  for (const { resource, scopes } of drafts) {
    const scopeMetrics: ScopeMetrics[] = [];
    for (const { scope, metrics } of scopes) {
      const kept = metrics.filter(({ points }) => points.length > 0).map(metricOf);
      if (kept.length > 0) scopeMetrics.push({ scope, metrics: kept });
    }
    if (scopeMetrics.length > 0) resources.push({ resource, scopeMetrics });
  }
  return resources;
}

function metricOf(draft: MetricDraft): Metric {
  const { descriptor, dataPointType, aggregationTemporality, isMonotonic, metadata, points } = draft;
  const metric = {
    descriptor,
    dataPointType,
    aggregationTemporality,
    ...(dataPointType === DataPointType.SUM && { isMonotonic }),
    ...(metadata !== undefined && { metadata }),
    dataPoints: points.map(pointOf),
  };
  return metric as unknown as Metric;
}

/** The data of an untouched point is the point itself. */
function pointOf({ attributes, data }: PointDraft): DataPoint<PointValue> {
  const point = data as DataPoint<PointValue>;
  return point.attributes === attributes ? point : { ...point, attributes };
}
