import {
  AggregationTemporality,
  Batch,
  Column,
  DataPointType,
  type Layout,
  ValueType,
} from "../../src/metrics/index.ts";

export const POINTS = 60_000;
export const METRICS = 60;
const STARTED_NS = 1_700_000_000_000_000_000n;

/** Names of the metrics of all batches. */
export const metricNames: readonly string[] = Array.from(
  { length: METRICS },
  (_, m) => `kubevirt_vmi_bytes_${m}`,
);

/** What tells series apart that have the same name. */
export const machines = Array.from({ length: POINTS / METRICS }, (_, i) =>
  Object.freeze({ namespace: `ns-${i % 10}`, name: `vm-${i}`, node: `node-${i % 50}`, phase: "running" }),
);

/** Consecutive scrapes of the same series: sums of machines, whose values stay. */
export class StepSource {
  readonly #layout: Layout;
  readonly #values = Float64Array.from({ length: POINTS }, (_, i) => i);
  readonly #isDelta: boolean;
  #timeNs = STARTED_NS;

  constructor(temporality: AggregationTemporality) {
    this.#isDelta = temporality === AggregationTemporality.DELTA;
    const metrics = metricNames.map((name, m) => ({
      descriptor: { name, description: "", unit: "", valueType: ValueType.DOUBLE },
      aggregationTemporality: temporality,
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      attributes: machines,
      slots: Uint32Array.from(machines, (_machine, i) => m * machines.length + i),
    }));
    const resource = { attributes: { "service.name": "virt-handler", "k8s.pod.ip": "10.0.0.1" } };
    this.#layout = {
      resources: [{ resource, scopes: [{ scope: { name: "bench" }, metrics }] }],
      width: POINTS,
    };
  }

  next(isNewLayout = false): Batch {
    const startNs = this.#isDelta ? this.#timeNs : STARTED_NS;
    this.#timeNs += 30_000_000_000n;
    return Batch.fromColumns(
      isNewLayout ? { ...this.#layout } : this.#layout,
      new Column({ values: this.#values, startNs, timeNs: this.#timeNs }),
    );
  }
}
