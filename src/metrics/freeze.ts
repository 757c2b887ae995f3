import type { MetricsBatch } from "./types.ts";

const done = new WeakSet<MetricsBatch>();

/**
 * Freezes plain objects down to the points and their attributes, so that whoever writes to what others share learns of
 * it. Values of histograms and the like are left: going through them costs more than it is worth. Once for each batch.
 */
export function freezeObjects(batch: MetricsBatch): MetricsBatch {
  if (done.has(batch)) return batch;
  done.add(batch);
  Object.freeze(batch);
  for (const one of batch) {
    Object.freeze(one);
    Object.freeze(one.resource);
    Object.freeze(one.resource.attributes);
    Object.freeze(one.scopeMetrics);
    for (const scope of one.scopeMetrics) {
      Object.freeze(scope);
      Object.freeze(scope.scope);
      Object.freeze(scope.metrics);
      for (const metric of scope.metrics) {
        Object.freeze(metric);
        Object.freeze(metric.descriptor);
        Object.freeze(metric.dataPoints);
        for (const point of metric.dataPoints) {
          Object.freeze(point);
          Object.freeze(point.attributes);
        }
      }
    }
  }
  return batch;
}
