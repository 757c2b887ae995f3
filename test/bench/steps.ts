import { metricNames } from "./step-source.ts";

/** The type of a processor or connector and its configuration. */
export type Step = readonly [type: string, config: object];

export interface BenchCase {
  readonly steps: readonly Step[];
  /** Default: cumulative sums. */
  readonly isDelta?: boolean;
}

const everyName = { include: ".*", match_type: "regexp", action: "update" };
const upsert = { key: "vm", action: "upsert", from_attribute: "name" };
const attributesStep: Step = ["attributes", { actions: [upsert, { key: "node", action: "delete" }] }];
const resourceStep: Step = [
  "resource",
  { attributes: [{ key: "cluster", action: "upsert", value: "prod" }] },
];
const redactionStep: Step = ["redaction", { allow_all_keys: true, blocked_values: ["vm-1.*"] }];
const transformStep = (transform: object): Step => ["metrics_transform", { transforms: [transform] }];
const renameStep = transformStep({ ...everyName, include: "^kubevirt_(.*)$", new_name: "\x241" });
const operation = (fields: object) => transformStep({ ...everyName, operations: [fields] });
const relabel = (regex: string): Step => [
  "relabel",
  { metric_relabel_configs: [{ regex, action: "labeldrop" }] },
];
const count = (conditions: readonly string[]): Step => [
  "count",
  { metrics: {}, datapoints: { c: { conditions } } },
];
const one = (type: string, config: object = {}): BenchCase => ({ steps: [[type, config]] });

/** Every processor and connector in what is usual for it; with the settings for those that follow a cluster. */
export function benchCases(connection: object): Readonly<Record<string, BenchCase>> {
  return {
    attributes: { steps: [attributesStep] },
    resource: { steps: [resourceStep] },
    resource_detection: one("resource_detection", { detectors: ["env", "system"] }),
    "metrics_transform, rename and label": {
      steps: [operation({ action: "add_label", new_label: "a", new_value: "b" })],
    },
    "metrics_transform, scale": {
      steps: [operation({ action: "experimental_scale_value", experimental_scale: 2 })],
    },
    "metrics_transform, sum by namespace": {
      steps: [operation({ action: "aggregate_labels", label_set: ["namespace"] })],
    },
    "filter, by name": one("filter", { metric_conditions: ['IsMatch(metric.name, "_1[0-9]$")'] }),
    "filter, by value": one("filter", { metric_conditions: ["datapoint.value_double > 50000.0"] }),
    "transform, names and attributes": one("transform", {
      metric_statements: [
        'replace_pattern(metric.name, "^kubevirt_", "vm.")',
        'delete_key(datapoint.attributes, "node")',
      ],
    }),
    "transform, values": one("transform", {
      metric_statements: ["set(datapoint.value_double, datapoint.value_double * 2.0)"],
    }),
    groupbyattrs: one("groupbyattrs", { keys: ["namespace", "name"] }),
    delta_to_rate: { ...one("delta_to_rate", { metrics: metricNames }), isDelta: true },
    cumulative_to_delta: one("cumulative_to_delta"),
    delta_to_cumulative: { ...one("delta_to_cumulative"), isDelta: true },
    metric_start_time: one("metric_start_time"),
    "metricsgeneration, 30 quotients": one("metricsgeneration", { rules: quotients() }),
    interval: one("interval"),
    redaction: { steps: [redactionStep] },
    relabel: { steps: [relabel("node")] },
    k8s_attributes: one("k8s_attributes", { ...connection, wait_for_metadata: true }),
    kubevirt_attributes: one("kubevirt_attributes", connection),
    batch: one("batch", { send_batch_size: 1 }),
    memory_limiter: one("memory_limiter", { check_interval: "1s", limit_mib: 100_000 }),
    kubevirt_handler: one("kubevirt_handler", { metrics: "all" }),
    forward: one("forward"),
    count: one("count"),
    "count, by attribute": one("count", { datapoints: { c: { attributes: [{ key: "namespace" }] } } }),
    "count, by a condition on names": { steps: [count(['IsMatch(metric.name, "_1[0-9]$")'])] },
    "count, by a condition on values": { steps: [count(["value_double > 50000.0"])] },
    "chain of ten, names only": {
      steps: [
        attributesStep,
        resourceStep,
        renameStep,
        redactionStep,
        relabel("phase"),
        ["groupbyattrs", { keys: ["namespace"] }],
        attributesStep,
        resourceStep,
        renameStep,
        ["groupbyattrs", { keys: [] }],
      ],
    },
  };
}

function quotients(): object[] {
  const half = metricNames.length / 2;
  return Array.from({ length: half }, (_, m) => ({
    name: `quotient_${m}`,
    type: "calculate",
    metric1: metricNames[m],
    metric2: metricNames[m + half],
    operation: "divide",
  }));
}
