import { type DataPoint, defineProcessor, type MetricsBatch, z } from "otelcol-kubevirt";

const CPU = "kubevirt_handler.vmi.cpu_usage_seconds.count";

/** Wants deltas (`temporality: delta` in front of it), since totals say how long a machine has run. */
export default defineProcessor({
  type: "top_vms",
  stability: "alpha",
  config: z.strictObject({
    count: z.int().positive().default(10).describe("How many machines of a node keep a series of their own."),
  }),
  create({ config }) {
    return {
      process(batch: MetricsBatch): MetricsBatch {
        return batch.map((resource) => ({
          ...resource,
          scopeMetrics: resource.scopeMetrics.map((scope) => ({
            ...scope,
            metrics: scope.metrics.map((metric) =>
              metric.descriptor.name === CPU && metric.dataPointType === 3
                ? { ...metric, dataPoints: topOf(metric.dataPoints, config.count) }
                : metric,
            ),
          })),
        }));
      },
    };
  },
});

type Point = DataPoint<number | bigint>;

function topOf(points: readonly Point[], count: number): readonly Point[] {
  const byUse = points.toSorted((a, b) => Number(b.value) - Number(a.value));
  const [first, ...others] = byUse.slice(count);
  if (first === undefined) return points;
  const rest = [first, ...others].reduce((sum, { value }) => sum + Number(value), 0);
  return [...byUse.slice(0, count), { ...first, attributes: { name: "others" }, value: rest }];
}
