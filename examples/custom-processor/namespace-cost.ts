import { defineProcessor, type MetricsBatch, type SumMetric, z } from "otelcol-kubevirt";

const CPU = "kubevirt_handler.vmi.cpu_usage_seconds.count";

/** Adds `namespace.cost`, the price of the CPU seconds that the machines of a namespace have used. */
export default defineProcessor({
  type: "namespace_cost",
  stability: "alpha",
  config: z.strictObject({
    per_cpu_hour: z.number().positive().describe("Price of one CPU for one hour."),
    currency: z.string().default("EUR").describe("Unit of the metric."),
  }),
  create({ config }) {
    const addCost = (metric: SumMetric): SumMetric => {
      const byNamespace = Map.groupBy(metric.dataPoints, ({ attributes }) =>
        String(attributes["vm_namespace"]),
      );
      return {
        ...metric,
        descriptor: {
          ...metric.descriptor,
          name: "namespace.cost",
          description: "Cost of CPU.",
          unit: config.currency,
        },
        dataPoints: [...byNamespace].map(([namespace, points]) => ({
          ...(points[0] as (typeof points)[number]),
          attributes: { vm_namespace: namespace },
          value: points.reduce((sum, { value }) => sum + (Number(value) / 3600) * config.per_cpu_hour, 0),
        })),
      };
    };
    return {
      process(batch: MetricsBatch): MetricsBatch {
        return batch.map((resource) => ({
          ...resource,
          scopeMetrics: resource.scopeMetrics.map((scope) => ({
            ...scope,
            metrics: scope.metrics.flatMap((metric) =>
              metric.descriptor.name === CPU && metric.dataPointType === 3
                ? [metric, addCost(metric)]
                : [metric],
            ),
          })),
        }));
      },
    };
  },
});
