import type { DataPoint, Metric, MetricsBatch } from "../../src/metrics/index.ts";
import { AggregationTemporality, DataPointType } from "../../src/metrics/index.ts";

/**
 * What is expected of the documented set, written down independently of the product: a table of the documented facts
 * (name after `kubevirt_handler.`, kind, unit) and a parser for the plain bodies of the tests.
 */
const TABLE = `
vmi.cpu_system_usage_seconds.count count s
vmi.cpu_usage_seconds.count count s
vmi.cpu_user_usage_seconds.count count s
vmi.memory_actual_balloon_bytes gauge By
vmi.memory_available_bytes gauge By
vmi.memory_domain_bytes gauge By
vmi.memory_pgmajfault.count count {page}
vmi.memory_pgminfault.count count {page}
vmi.memory_resident_bytes gauge By
vmi.memory_swap_in_traffic_bytes gauge By
vmi.memory_swap_out_traffic_bytes gauge By
vmi.memory_unused_bytes gauge By
vmi.memory_usable_bytes gauge By
vmi.network_receive_bytes.count count By
vmi.network_receive_errors.count count {packet}
vmi.network_receive_packets.count count {packet}
vmi.network_receive_packets_dropped.count count {packet}
vmi.network_transmit_bytes.count count By
vmi.network_transmit_errors.count count {packet}
vmi.network_transmit_packets.count count {packet}
vmi.network_transmit_packets_dropped.count count {packet}
vmi.node_cpu_affinity gauge {affinity}
vmi.storage_flush_requests.count count {request}
vmi.storage_flush_times_seconds.count count s
vmi.storage_iops_read.count count {read}
vmi.storage_iops_write.count count {write}
vmi.storage_read_times_seconds.count count s
vmi.storage_read_traffic_bytes.count count By
vmi.storage_write_times_seconds.count count s
vmi.storage_write_traffic_bytes.count count By
vmi.vcpu_delay_seconds.count count s
vmi.vcpu_seconds.count count s
vmi.vcpu_wait_seconds.count count s
workqueue.adds.count count {item}
workqueue.depth gauge {item}
workqueue.longest_running_processor_seconds gauge s
workqueue.queue_duration_seconds.bucket bucket {item}
workqueue.queue_duration_seconds.count hcount {item}
workqueue.queue_duration_seconds.sum hsum s
workqueue.retries.count count {retry}
workqueue.unfinished_work_seconds gauge s
workqueue.work_duration_seconds.bucket bucket {item}
workqueue.work_duration_seconds.count hcount {item}
workqueue.work_duration_seconds.sum hsum s
`;

interface Row {
  readonly name: string;
  readonly kind: "gauge" | "count";
  readonly unit: string;
  /** Name of the samples it is made of. */
  readonly samples: string;
}

const ROWS: readonly Row[] = TABLE.trim()
  .split("\n")
  .map((line) => {
    const [path = "", kind = "", unit = ""] = line.split(" ");
    const stem = `kubevirt_${path.replace(/\.(count|sum|bucket)$/, "").replaceAll(".", "_")}`;
    const suffix =
      { gauge: "", count: "_total", bucket: "_bucket", hcount: "_count", hsum: "_sum" }[kind] ?? "";
    return {
      name: `kubevirt_handler.${path}`,
      kind: kind === "gauge" ? "gauge" : "count",
      unit,
      samples: stem + suffix,
    } as const;
  });

/** All 45. */
export const DOCUMENTED: readonly string[] = [
  "kubevirt_handler.can_connect",
  ...ROWS.map(({ name }) => name),
];

/** The scrape's own gauges. */
export const REPORTED: readonly string[] = [
  "up",
  "scrape_duration_seconds",
  "scrape_samples_scraped",
  "scrape_samples_post_metric_relabeling",
  "scrape_series_added",
];

export interface ExpectedMetric {
  readonly name: string;
  readonly kind: string;
  readonly unit: string;
  /** As texts that can be compared, sorted. */
  readonly points: readonly string[];
}

/** The documented metrics of a body, `common` on every point; without can_connect. */
export function expectedOf(
  text: string,
  common: Readonly<Record<string, string>>,
): readonly ExpectedMetric[] {
  const samples = text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map(readSample);
  return ROWS.map(({ name, kind, unit, samples: source }) => ({
    name,
    kind,
    unit,
    points: samples
      .filter((sample) => sample.name === source && sample.labels["le"] !== "+Inf")
      .map(({ labels, value }) => pointText({ ...renamed(labels), ...common }, value))
      .sort(),
  })).filter(({ points }) => points.length > 0);
}

/** The received side of the comparison, in the order of the table. */
export function receivedOf(batch: MetricsBatch): readonly ExpectedMetric[] {
  const metrics = new Map<string, Metric[]>();
  for (const metric of batch.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))) {
    const { name } = metric.descriptor;
    metrics.set(name, [...(metrics.get(name) ?? []), metric]);
  }
  return ROWS.flatMap(({ name }) => {
    const found = metrics.get(name);
    if (found === undefined) return [];
    const [first] = found as [Metric, ...Metric[]];
    const points = found.flatMap(({ dataPoints }) => dataPoints as readonly DataPoint<number>[]);
    return [
      {
        name,
        kind: kindOf(first),
        unit: first.descriptor.unit,
        points: points.map(({ attributes, value }) => pointText(attributes, Number(value))).sort(),
      },
    ];
  });
}

/** `count` is a monotonic cumulative sum; what else there is is spelled out. */
function kindOf(metric: Metric): string {
  if (metric.dataPointType === DataPointType.GAUGE) return "gauge";
  if (metric.dataPointType !== DataPointType.SUM) return `type ${metric.dataPointType}`;
  const cumulative = metric.aggregationTemporality === AggregationTemporality.CUMULATIVE;
  if (metric.isMonotonic && cumulative) return "count";
  return `sum monotonic=${metric.isMonotonic} cumulative=${cumulative}`;
}

function pointText(attributes: Readonly<Record<string, unknown>>, value: number): string {
  const entries = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(entries)} ${value}`;
}

/** As the integration names them: the VM's namespace apart from the pod's, bounds as Python prints a float. */
function renamed(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => {
      if (name === "namespace") return ["vm_namespace", value];
      if (name === "le") return ["upper_bound", /^\d+$/.test(value) ? `${value}.0` : value];
      return [name, value];
    }),
  );
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function readSample(line: string): Sample {
  const [, name = "", labelText = "", value = ""] = /^(\w+)(?:\{(.*)\})? (\S+)(?: \d+)?$/.exec(line) ?? [];
  const pairs = [...labelText.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
    ([, label = "", escaped = ""]) =>
      [label, escaped.replaceAll(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c))] as const,
  );
  return { name, labels: Object.fromEntries(pairs), value: Number(value) };
}
