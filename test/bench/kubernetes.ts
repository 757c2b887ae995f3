import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNoopMeter } from "@opentelemetry/api";
import {
  type Component,
  type Consumer,
  type ProcessorDefinition,
  systemClock,
} from "../../src/component/index.ts";
import { Batch } from "../../src/metrics/index.ts";
import k8sAttributes from "../../src/processors/k8s-attributes/index.ts";
import kubevirtAttributes from "../../src/processors/kubevirt-attributes/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { gauges } from "../support/processor-harness.ts";

export interface KubernetesBenchSettings {
  readonly pods: number;
  readonly vmis: number;
  readonly events: number;
}

/** What following a cluster costs, with both metadata processors running. */
export interface KubernetesResult {
  readonly pods: number;
  readonly vmis: number;
  /** Bytes of all objects as JSON, as the API server sends them. */
  readonly listedBytes: number;
  /** Milliseconds and CPU milliseconds from the start until every object is known. */
  readonly startMs: number;
  readonly startCpuMs: number;
  /** Bytes of heap and buffers that remain after that, for all objects. */
  readonly memoryBytes: number;
  /** Resident set at the end of the start, less that of before: garbage included. */
  readonly residentBytes: number;
  /** CPU microseconds for each watch event, end to end. */
  readonly eventCpuUs: number;
  /** CPU microseconds to look whether a layout of 100 machines is still right, and to make it anew for one that changed. */
  readonly unchangedUs: number;
  readonly changedUs: number;
}

/** Needs `--expose-gc` for the memory to mean anything. */
export async function benchKubernetes(settings: KubernetesBenchSettings): Promise<KubernetesResult> {
  const { pods, vmis, events } = settings;
  const server = fork(new URL("kubernetes-server.ts", import.meta.url), [String(pods), String(vmis)]);
  const directory = await mkdtemp(join(tmpdir(), "otelcol-kubevirt-bench-"));
  try {
    const [{ url, listBytes }] = (await once(server, "message")) as [
      { url: string; listBytes: { pod: number; vmi: number } },
    ];
    const file = join(directory, "config");
    await writeFile(file, kubeconfig(url));
    const before = memory();
    const cpu = process.cpuUsage();
    const started = performance.now();
    const config = { auth_type: "kubeConfig", kubeconfig_file: file };
    const k8s = create(k8sAttributes, config);
    const kubevirt = create(kubevirtAttributes, {
      ...config,
      extract: { metadata: ["kubevirt.vm.name", "kubevirt.vmi.phase", "kubevirt.vmi.guest_os.name"] },
    });
    await Promise.all(
      [k8s, kubevirt].map(({ processor }) => processor.start?.({ extension: () => undefined })),
    );
    const lastPod = { "k8s.pod.ip": `10.${(pods - 1) >> 16}.${((pods - 1) >> 8) & 255}.${(pods - 1) & 255}` };
    await until(async () => {
      await k8s.processor.consume(Batch.from([gauges(lastPod, { up: [{}] })]));
      return Object.keys(k8s.last().resourceMetrics[0]?.resource.attributes ?? {}).length > 1;
    });
    const phase = async (i: number) => {
      await kubevirt.processor.consume(
        Batch.from([gauges({ "service.name": "x" }, { kubevirt_a: [point(i)] })]),
      );
      const [resource] = kubevirt.last().resourceMetrics;
      return resource?.scopeMetrics[0]?.metrics[0]?.dataPoints[0]?.attributes["kubevirt.vmi.phase"];
    };
    // Pages come in the order of their names: the last in that order is the last to be known.
    const order = Array.from({ length: vmis }, (_, i) => i).sort((a, b) => (key(a) < key(b) ? 1 : -1));
    await until(async () => (await phase(order[0] as number)) === "Running");
    const startMs = performance.now() - started;
    const startCpu = process.cpuUsage(cpu);
    const residentBytes = process.memoryUsage().rss - before.rss;
    const memoryBytes = memory().used - before.used;

    const batches = await layoutCosts(kubevirt, phase, server);
    const eventCpu = process.cpuUsage();
    server.send(events);
    const lastEvent = (events - 1) % vmis;
    await until(async () => (await phase(lastEvent)) === ((events - 1) % 2 === 0 ? "Paused" : "Failed"), 20);
    const spent = process.cpuUsage(eventCpu);
    await Promise.all([k8s, kubevirt].map(({ processor }) => processor.shutdown?.(0)));
    return {
      pods,
      vmis,
      listedBytes: pods * listBytes.pod + vmis * listBytes.vmi,
      startMs,
      startCpuMs: (startCpu.user + startCpu.system) / 1000,
      memoryBytes,
      residentBytes,
      eventCpuUs: (spent.user + spent.system) / events,
      ...batches,
    };
  } finally {
    server.disconnect();
    await rm(directory, { recursive: true, force: true });
  }
}

type Running = ReturnType<typeof create>;

/** 100 machines with 65 series each, as a busy node has. */
async function layoutCosts(
  { processor }: Running,
  phase: (i: number) => Promise<unknown>,
  server: { send(events: number): unknown },
): Promise<{ unchangedUs: number; changedUs: number }> {
  const machines = Array.from({ length: 100 }, (_, i) => point(i));
  const metrics = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`kubevirt_vmi_${i}`, machines]));
  const { layout, column } = Batch.from([gauges({ "service.name": "virt-handler" }, metrics)]);
  const once = async () => {
    const cpu = process.cpuUsage();
    await processor.consume(Batch.fromColumns(layout, column));
    const { user, system } = process.cpuUsage(cpu);
    return user + system;
  };
  for (let i = 0; i < 100; i++) await once();
  const rounds = 1000;
  let unchangedUs = 0;
  for (let i = 0; i < rounds; i++) unchangedUs += await once();
  let changedUs = 0;
  for (let events = 1; events <= 20; events++) {
    server.send(1);
    server.send(2);
    await until(async () => (await phase(1)) === "Failed", 5);
    changedUs += await once();
  }
  return { unchangedUs: unchangedUs / rounds, changedUs: changedUs / 20 };
}

function create<Config>(definition: ProcessorDefinition<Config>, config: unknown) {
  let last: Batch | undefined;
  const processor: Component & Consumer = definition.create({
    id: definition.type,
    config: definition.config.parse(config),
    logger: silentLogger,
    meter: createNoopMeter(),
    clock: systemClock,
    reportStatus() {},
    build: { command: "bench", version: "0" },
    next: {
      consume: async (batch) => {
        last = batch;
      },
    },
  });
  return { processor, last: () => last as Batch };
}

const key = (i: number) => `tenant-${i % 200}/vm-${i}`;

const point = (i: number) => ({ namespace: `tenant-${i % 200}`, name: `vm-${i}` });

async function until(condition: () => Promise<boolean>, pauseMs = 5): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, pauseMs));
}

function memory(): { used: number; rss: number } {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: heapUsed + external, rss };
}

function kubeconfig(server: string): string {
  return JSON.stringify({
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c" } }],
    clusters: [{ name: "c", cluster: { server, "insecure-skip-tls-verify": true } }],
  });
}
