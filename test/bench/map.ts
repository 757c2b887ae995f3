import type { Component, Consumer, UpstreamSettings } from "../../src/component/index.ts";
import {
  AggregationTemporality,
  type Attributes,
  Batch,
  Column,
  DataPointType,
  type Layout,
  ValueType,
} from "../../src/metrics/index.ts";
import definition, { handlerSet } from "../../src/processors/kubevirt-handler/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";

const modes = {
  cumulative: {},
  vmi: { resource: "vmi" },
  delta: { temporality: "delta" },
  "delta, vmi": { temporality: "delta", resource: "vmi" },
} as const;

export type MapMode = keyof typeof modes;

/** CPU microseconds (user and system, all threads) a batch of `points` points takes in the processor; medians. */
export interface MapResult {
  readonly mode: MapMode;
  readonly points: number;
  /** The first batch of a fresh processor. */
  readonly first: number;
  /** A batch with a new layout of known series, as after a virtual machine came. */
  readonly churn: number;
  readonly steady: number;
}

export interface MapBenchSettings {
  readonly vmis: number;
  readonly rounds: number;
}

/** Measures the kubevirt_handler processor apart from what comes before and after it. */
export async function benchMap({ vmis, rounds }: MapBenchSettings): Promise<readonly MapResult[]> {
  const results: MapResult[] = [];
  for (const mode of Object.keys(modes) as MapMode[]) {
    const first: number[] = [];
    const churn: number[] = [];
    const steady: number[] = [];
    const repeats = Math.max(20, Math.round(6_000_000 / (vmis * 60)));
    let points = 0;
    for (let round = 0; round < rounds; round++) {
      const source = new LayoutSource(vmis);
      points = source.layout.width;
      const processor = create(mode);
      first.push(await cpuOf(() => processor.consume(source.next()), 1));
      for (let i = 0; i < 20; i++) await processor.consume(source.next());
      steady.push(await cpuOf(() => processor.consume(source.next()), repeats));
      churn.push(await cpuOf(() => processor.consume(source.next({ ...source.layout })), 3));
    }
    results.push({ mode, points, first: median(first), churn: median(churn), steady: median(steady) });
  }
  return results;
}

/** One line for people. */
export function formatMapResult({ mode, points, first, churn, steady }: MapResult): string {
  const cost = (microseconds: number) =>
    `${(microseconds / 1000).toFixed(2)} ms (${(points / microseconds).toFixed(1)} Mpoints/cpu-s)`;
  return `${mode}, ${points} points: steady ${cost(steady)}; new layout ${cost(churn)}; first ${cost(first)}`;
}

function create(mode: MapMode): Component & Consumer {
  const instrument = () => ({ add() {}, record() {} });
  return definition.create({
    id: "kubevirt_handler",
    config: definition.config.parse(modes[mode]),
    logger: silentLogger,
    meter: { createCounter: instrument, createGauge: instrument },
    clock: { now: Date.now, monotonic: () => performance.now(), schedule: () => () => {} },
    reportStatus() {},
    build: { command: "bench", version: "0" },
    next: { consume: () => Promise.resolve() },
  } as unknown as UpstreamSettings<never>);
}

/** Consecutive scrapes of the same VMIs: all in one column, as what is to be measured takes no longer when values change. */
class LayoutSource {
  readonly layout: Layout;
  readonly #values: Float64Array;
  #timeNs = 1_700_000_000_000_000_000n;

  constructor(vmis: number) {
    const machines = Array.from({ length: vmis }, (_, i) => seriesOf(i));
    let width = 0;
    const metrics = handlerSet.families
      .filter(({ family }) => family.startsWith("kubevirt_vmi_"))
      .map(({ family, kind }) => {
        const series = machines.flatMap((machine) => machine(family));
        return {
          descriptor: { name: family, description: "", unit: "", valueType: ValueType.DOUBLE },
          aggregationTemporality: AggregationTemporality.CUMULATIVE,
          dataPointType: kind === "count" ? DataPointType.SUM : DataPointType.GAUGE,
          isMonotonic: kind === "count",
          attributes: series,
          slots: Uint32Array.from(series, () => width++),
        };
      });
    const resource = { attributes: { "service.name": "virt-handler", "server.address": "10.0.0.1" } };
    this.layout = { resources: [{ resource, scopes: [{ scope: { name: "bench" }, metrics }] }], width };
    this.#values = Float64Array.from({ length: width }, (_, i) => i * 1.25);
  }

  next(layout = this.layout): Batch {
    this.#timeNs += 30_000_000_000n;
    return Batch.fromColumns(layout, new Column({ values: this.#values, timeNs: this.#timeNs }));
  }
}

/** The series of one machine by family; one attributes object for each label set, as from the receiver. */
function seriesOf(i: number): (family: string) => readonly Attributes[] {
  const own = {
    namespace: `tenant-${i % 40}`,
    name: `vm-${i}`,
    node: "node-07",
    kubernetes_vmi_label_team: `platform-${i % 9}`,
    kubernetes_vmi_label_kubevirt_io_nodeName: "node-07",
    kubernetes_vmi_label_vm_kubevirt_io_name: `vm-${i}`,
  };
  const nics = ["default", "secondary"].map((name) => ({ ...own, interface: name }));
  const drives = ["containerdisk", "datavolume-root"].map((drive) => ({ ...own, drive }));
  const vcpus = ["0", "1", "2", "3"].map((id) => ({ ...own, id }));
  const running = vcpus.map((vcpu) => ({ ...vcpu, state: "running" }));
  const alone = [own];
  return (family) => {
    if (family === "kubevirt_vmi_vcpu_seconds") return running;
    if (family.startsWith("kubevirt_vmi_vcpu_")) return vcpus;
    if (family.startsWith("kubevirt_vmi_network_")) return nics;
    return family.startsWith("kubevirt_vmi_storage_") ? drives : alone;
  };
}

async function cpuOf(work: () => Promise<unknown>, repeats: number): Promise<number> {
  globalThis.gc?.();
  const before = process.cpuUsage();
  for (let i = 0; i < repeats; i++) await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / repeats;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] as number;
}

if (import.meta.main) {
  for (const result of await benchMap({ vmis: 1_000, rounds: 3 })) console.log(formatMapResult(result));
}
