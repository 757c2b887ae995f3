import {
  AggregationTemporality,
  DataPointType,
  type MetricsBatch,
  ValueType,
} from "../../src/metrics/index.ts";

const startTime = [0, 0] as const;
const endTime = [1_700_000_000, 5] as const;
const descriptor = (name: string) => ({ name, description: name, unit: "1", valueType: ValueType.DOUBLE });
const attributes = { namespace: "default", name: "vm-1", node: "node01" };

/** One resource with a metric of each kind, named as virt-handler and Go runtimes name theirs. */
export function everyKindBatch(): MetricsBatch {
  const aggregationTemporality = AggregationTemporality.CUMULATIVE;
  return [
    {
      resource: { attributes: { "service.name": "virt-handler", "k8s.pod.name": "virt-handler-1" } },
      scopeMetrics: [
        {
          scope: { name: "test", version: "1" },
          metrics: [
            {
              descriptor: descriptor("kubevirt_vmi_memory_available_bytes"),
              aggregationTemporality,
              dataPointType: DataPointType.GAUGE,
              dataPoints: [{ startTime, endTime, attributes, value: 1.5 }],
            },
            {
              descriptor: descriptor("kubevirt_vmi_cpu_usage_seconds_total"),
              aggregationTemporality,
              dataPointType: DataPointType.SUM,
              isMonotonic: true,
              dataPoints: [{ startTime, endTime, attributes, value: 42n }],
            },
            {
              descriptor: descriptor("kubevirt_workqueue_queue_duration_seconds"),
              aggregationTemporality,
              dataPointType: DataPointType.HISTOGRAM,
              dataPoints: [
                {
                  startTime,
                  endTime,
                  attributes: { name: "q" },
                  value: { buckets: { boundaries: [0.1, 1], counts: [1, 2, 3] }, count: 6, sum: 7.5 },
                },
              ],
            },
            {
              descriptor: descriptor("go_gc_duration_seconds"),
              aggregationTemporality,
              dataPointType: DataPointType.SUMMARY,
              dataPoints: [
                {
                  startTime,
                  endTime,
                  attributes: {},
                  value: { count: 2, sum: 0.5, quantiles: [{ quantile: 0.5, value: 0.2 }] },
                },
              ],
            },
            {
              descriptor: descriptor("request_seconds"),
              aggregationTemporality,
              dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM,
              dataPoints: [
                {
                  startTime,
                  endTime,
                  attributes: {},
                  value: {
                    count: 3,
                    sum: 4,
                    scale: 2,
                    zeroCount: 1,
                    positive: { offset: -1, bucketCounts: [1, 1] },
                    negative: { offset: 0, bucketCounts: [] },
                  },
                },
              ],
            },
          ],
        },
      ],
    },
  ];
}
