import type { Component, Consumer, UpstreamSettings } from "../../src/component/index.ts";
import {
  AggregationTemporality,
  Batch,
  Column,
  DataPointType,
  type Layout,
  ValueType,
} from "../../src/metrics/index.ts";
import filter from "../../src/processors/filter/index.ts";
import transform from "../../src/processors/transform/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { cpuOf, median } from "./measure.ts";

const POINTS = 60_000;
const METRICS = 60;

const attributesOnly = [
  'replace_pattern(metric.name, "^kubevirt_", "vm.")',
  'delete_key(datapoint.attributes, "node")',
  'set(datapoint.attributes["vm"], Concat([datapoint.attributes["namespace"], datapoint.attributes["name"]], "/"))',
  'set(resource.attributes["team"], "virt")',
  'set(metric.unit, "By") where IsMatch(metric.name, "bytes")',
];

const cases = {
  "names and attributes, 5 statements": () => transformer(attributesOnly),
  "names and attributes, 50 statements": () => transformer(new Array(10).fill(attributesOnly).flat()),
  "value_double * constant": () => transformer(["set(datapoint.value_double, datapoint.value_double * 2.0)"]),
  "value_double of half the metrics, general expression": () =>
    transformer([
      'set(datapoint.value_double, (datapoint.value_double + 1.0) / 2.0) where IsMatch(metric.name, "[02468]$")',
    ]),
  "value_double where value_double > x": () =>
    transformer(["set(datapoint.value_double, 0.0) where datapoint.value_double > 50000.0"]),
  scale_metric: () => transformer(['scale_metric(0.001, "s")']),
  "copy_metric of every tenth": () =>
    transformer(['copy_metric(name = "copy") where IsMatch(metric.name, "0$")']),
  "plain objects: set(datapoint.time, Now())": () => transformer(["set(datapoint.time, Now())"]),
  "filter by name": () => filtering(['IsMatch(metric.name, "_1[0-9]$")']),
  "filter by attribute": () => filtering(['datapoint.attributes["name"] == "vm-7"']),
  "filter by value": () => filtering(["datapoint.value_double > 50000.0"]),
} as const;

/** CPU nanoseconds a point (user and system, all threads); medians. */
export interface OttlResult {
  readonly name: string;
  /** The first batch of a fresh processor. */
  readonly first: number;
  /** A batch with a new layout of known series. */
  readonly churn: number;
  readonly steady: number;
}

/** Measures the transform and filter processors apart from what comes before and after them. */
export async function benchOttl(rounds: number): Promise<readonly OttlResult[]> {
  const results: OttlResult[] = [];
  for (const [name, create] of Object.entries(cases)) {
    const first: number[] = [];
    const churn: number[] = [];
    const steady: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const source = new BatchSource();
      const processor = create();
      first.push(await cpuOf(() => processor.consume(source.next()), 1));
      const isSlow = name.startsWith("plain objects");
      for (let i = 0; i < (isSlow ? 2 : 20); i++) await processor.consume(source.next());
      steady.push(await cpuOf(() => processor.consume(source.next()), isSlow ? 3 : 100));
      churn.push(await cpuOf(() => processor.consume(source.next(true)), 1));
    }
    const perPoint = (microseconds: number[]) => (median(microseconds) * 1000) / POINTS;
    results.push({ name, first: perPoint(first), churn: perPoint(churn), steady: perPoint(steady) });
  }
  return results;
}

/** One line for people. */
export function formatOttlResult({ name, first, churn, steady }: OttlResult): string {
  return `${name}: ns a point: steady ${steady.toFixed(2)}, new layout ${churn.toFixed(0)}, first ${first.toFixed(0)}`;
}

function transformer(statements: readonly string[]): Component & Consumer {
  return transform.create(settings(transform.config.parse({ metric_statements: statements })));
}

function filtering(conditions: readonly string[]): Component & Consumer {
  return filter.create(settings(filter.config.parse({ metric_conditions: conditions })));
}

function settings(config: unknown): UpstreamSettings<never> {
  return {
    id: "bench",
    config,
    logger: silentLogger,
    meter: { createCounter: () => ({ add() {} }) },
    clock: { now: Date.now, monotonic: () => performance.now(), schedule: () => () => {} },
    reportStatus() {},
    build: { command: "bench", version: "0" },
    next: { consume: () => Promise.resolve() },
  } as unknown as UpstreamSettings<never>;
}

/** Consecutive scrapes of the same series. */
class BatchSource {
  readonly #layout: Layout;
  readonly #values = Float64Array.from({ length: POINTS }, (_, i) => i);
  #timeNs = 1_700_000_000_000_000_000n;

  constructor() {
    const machines = Array.from({ length: POINTS / METRICS }, (_, i) =>
      Object.freeze({ namespace: `ns-${i % 10}`, name: `vm-${i}`, node: `node-${i % 50}`, phase: "running" }),
    );
    const metrics = Array.from({ length: METRICS }, (_, m) => ({
      descriptor: { name: `kubevirt_vmi_bytes_${m}`, description: "", unit: "", valueType: ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.GAUGE,
      isMonotonic: false,
      attributes: machines,
      slots: Uint32Array.from(machines, (_machine, i) => m * machines.length + i),
    }));
    const resource = { attributes: { "service.name": "virt-handler" } };
    this.#layout = {
      resources: [{ resource, scopes: [{ scope: { name: "bench" }, metrics }] }],
      width: POINTS,
    };
  }

  next(isNewLayout = false): Batch {
    this.#timeNs += 30_000_000_000n;
    return Batch.fromColumns(
      isNewLayout ? { ...this.#layout } : this.#layout,
      new Column({ values: this.#values, timeNs: this.#timeNs }),
    );
  }
}

if (import.meta.main) {
  for (const result of await benchOttl(3)) console.log(formatOttlResult(result));
}
