import type {
  Component,
  Consumer,
  ProcessorDefinition,
  UpstreamSettings,
} from "../../src/component/index.ts";
import {
  AggregationTemporality,
  Batch,
  Column,
  DataPointType,
  type Layout,
  ValueType,
} from "../../src/metrics/index.ts";
import attributes from "../../src/processors/attributes/index.ts";
import deltatorate from "../../src/processors/deltatorate/index.ts";
import groupbyattrs from "../../src/processors/groupbyattrs/index.ts";
import interval from "../../src/processors/interval/index.ts";
import metricsgeneration from "../../src/processors/metricsgeneration/index.ts";
import metricstransform from "../../src/processors/metricstransform/index.ts";
import redaction from "../../src/processors/redaction/index.ts";
import relabel from "../../src/processors/relabel/index.ts";
import resource from "../../src/processors/resource/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { cpuOf, median } from "./measure.ts";

const POINTS = 60_000;
const METRICS = 60;

type Step = readonly [definition: unknown, config: object];

const everyName = { include: ".*", match_type: "regexp", action: "update" };
const upsert = { key: "vm", action: "upsert", from_attribute: "name" };
const attributesStep: Step = [attributes, { actions: [upsert, { key: "node", action: "delete" }] }];
const resourceStep: Step = [resource, { attributes: [{ key: "cluster", action: "upsert", value: "prod" }] }];
const transformStep = (transform: object): Step => [metricstransform, { transforms: [transform] }];
const renameStep = transformStep({ ...everyName, include: "^kubevirt_(.*)$", new_name: "\x241" });

const cases: Readonly<Record<string, readonly Step[]>> = {
  attributes: [attributesStep],
  resource: [resourceStep],
  "metricstransform, rename and label": [
    transformStep({ ...everyName, operations: [{ action: "add_label", new_label: "a", new_value: "b" }] }),
  ],
  "metricstransform, scale": [
    transformStep({
      ...everyName,
      operations: [{ action: "experimental_scale_value", experimental_scale: 2 }],
    }),
  ],
  "metricstransform, sum by namespace": [
    transformStep({
      ...everyName,
      operations: [{ action: "aggregate_labels", label_set: ["namespace"] }],
    }),
  ],
  groupbyattrs: [[groupbyattrs, { keys: ["namespace", "name"] }]],
  deltatorate: [[deltatorate, { metrics: names() }]],
  "metricsgeneration, 30 quotients": [[metricsgeneration, { rules: quotients() }]],
  interval: [[interval, {}]],
  redaction: [[redaction, { allow_all_keys: true, blocked_values: ["vm-1.*"] }]],
  relabel: [[relabel, { metric_relabel_configs: [{ regex: "node", action: "labeldrop" }] }]],
  "chain of ten, names only": [
    attributesStep,
    resourceStep,
    renameStep,
    [redaction, { allow_all_keys: true, blocked_values: ["vm-1.*"] }],
    [relabel, { metric_relabel_configs: [{ regex: "phase", action: "labeldrop" }] }],
    [groupbyattrs, { keys: ["namespace"] }],
    attributesStep,
    resourceStep,
    renameStep,
    [groupbyattrs, { keys: [] }],
  ],
};

/** CPU nanoseconds a point (user and system, all threads); medians. */
export interface ProcessorResult {
  readonly name: string;
  /** The first batch of a fresh processor. */
  readonly first: number;
  /** A batch with a new layout of known series. */
  readonly churn: number;
  readonly steady: number;
}

/** Measures processors apart from what comes before and after them. */
export async function benchProcessors(rounds: number): Promise<readonly ProcessorResult[]> {
  const results: ProcessorResult[] = [];
  for (const [name, steps] of Object.entries(cases)) {
    const [first, churn, steady]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < rounds; round++) {
      const { CUMULATIVE, DELTA } = AggregationTemporality;
      const source = new BatchSource(name === "deltatorate" ? DELTA : CUMULATIVE);
      const processor = chain(steps);
      first.push(await cpuOf(() => processor.consume(source.next()), 1));
      for (let i = 0; i < 20; i++) await processor.consume(source.next());
      steady.push(await cpuOf(() => processor.consume(source.next()), 100));
      churn.push(await cpuOf(() => processor.consume(source.next(true)), 1));
      await processor.shutdown?.(0);
    }
    const perPoint = (microseconds: number[]) => (median(microseconds) * 1000) / POINTS;
    results.push({ name, first: perPoint(first), churn: perPoint(churn), steady: perPoint(steady) });
  }
  return results;
}

/** One line for people. */
export function formatProcessorResult({ name, first, churn, steady }: ProcessorResult): string {
  return `${name}: ns a point: steady ${steady.toFixed(2)}, new layout ${churn.toFixed(0)}, first ${first.toFixed(0)}`;
}

function chain(steps: readonly Step[]): Component & Consumer {
  const sink = { consume: () => Promise.resolve() };
  return steps.reduceRight<Component & Consumer>((next, [untyped, config]) => {
    const definition = untyped as ProcessorDefinition<unknown>;
    return definition.create({
      id: "bench",
      config: definition.config.parse(config),
      logger: silentLogger,
      meter: { createCounter: () => ({ add() {} }) },
      clock: { now: Date.now, monotonic: () => performance.now(), schedule: () => () => {} },
      reportStatus() {},
      build: { command: "bench", version: "0" },
      next,
    } as unknown as UpstreamSettings<unknown>);
  }, sink);
}

function names(): string[] {
  return Array.from({ length: METRICS }, (_, m) => `kubevirt_vmi_bytes_${m}`);
}

function quotients(): object[] {
  return Array.from({ length: METRICS / 2 }, (_, m) => ({
    name: `quotient_${m}`,
    type: "calculate",
    metric1: `kubevirt_vmi_bytes_${m}`,
    metric2: `kubevirt_vmi_bytes_${m + METRICS / 2}`,
    operation: "divide",
  }));
}

/** Consecutive scrapes of the same series: sums of machines. */
class BatchSource {
  readonly #layout: Layout;
  readonly #values = Float64Array.from({ length: POINTS }, (_, i) => i);
  #timeNs = 1_700_000_000_000_000_000n;

  constructor(temporality: AggregationTemporality) {
    const machines = Array.from({ length: POINTS / METRICS }, (_, i) =>
      Object.freeze({ namespace: `ns-${i % 10}`, name: `vm-${i}`, node: `node-${i % 50}`, phase: "running" }),
    );
    const metrics = names().map((name, m) => ({
      descriptor: { name, description: "", unit: "", valueType: ValueType.DOUBLE },
      aggregationTemporality: temporality,
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      attributes: machines,
      slots: Uint32Array.from(machines, (_machine, i) => m * machines.length + i),
    }));
    this.#layout = {
      resources: [
        {
          resource: { attributes: { "service.name": "virt-handler" } },
          scopes: [{ scope: { name: "bench" }, metrics }],
        },
      ],
      width: POINTS,
    };
  }

  next(isNewLayout = false): Batch {
    const startNs = this.#timeNs;
    this.#timeNs += 30_000_000_000n;
    return Batch.fromColumns(
      isNewLayout ? { ...this.#layout } : this.#layout,
      new Column({ values: this.#values, startNs, timeNs: this.#timeNs }),
    );
  }
}

if (import.meta.main) {
  for (const result of await benchProcessors(3)) console.log(formatProcessorResult(result));
}
