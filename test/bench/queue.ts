import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createNoopMeter, type Meter } from "@opentelemetry/api";
import { type Component, type Consumer, type Host, systemClock } from "../../src/component/index.ts";
import otlpHttp from "../../src/exporters/otlp-http/index.ts";
import fileStorage from "../../src/extensions/file-storage/index.ts";
import { Batch, Column, type Layout } from "../../src/metrics/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { makeLayout, SERIES_PER_VMI } from "./encode-data.ts";
import { median } from "./measure.ts";

/** CPU of the otlp_http exporter (encode, gzip, queue, send), all threads, in microseconds a point; medians. */
export interface QueueResult {
  readonly queue: "memory" | "disk" | "disk with fsync";
  readonly microseconds: number;
  /** CPU over that of the memory queue in the same run; the median of the rounds' own ratios. */
  readonly ratio: number;
}

export interface QueueBenchSettings {
  readonly vmis: number;
  /** Requests that the points of a second are spread over: one a scraped target. */
  readonly requests: number;
  readonly rounds: number;
}

/** After the answers, until what was sent is deleted as well. */
const AFTERMATH_MS = 20;

const QUEUES = ["memory", "disk", "disk with fsync"] as const;

/** Measures all queues on the same data in turn, in one process; the backend is another one, whose CPU is not counted. */
export async function benchQueue({
  vmis,
  requests,
  rounds,
}: QueueBenchSettings): Promise<readonly QueueResult[]> {
  const backend = spawn(process.execPath, ["-e", BACKEND], { stdio: ["ignore", "pipe", "inherit"] });
  const directory = await mkdtemp(join(tmpdir(), "otelcol-bench-"));
  const started: Component[] = [];
  try {
    const endpoint = `http://127.0.0.1:${await portOf(backend)}`;
    const layouts = Array.from({ length: requests }, () =>
      makeLayout(Math.round(vmis / requests), { perVmi: false }),
    );
    const exporters: MeasuredExporter[] = [];
    for (const queue of QUEUES) {
      exporters.push(await startExporter(queue, endpoint, join(directory, queue), started));
    }
    const costs = new Map(QUEUES.map((queue) => [queue, [] as number[]]));
    // The first rounds are for the compiler.
    for (let round = -3; round < rounds; round++) {
      for (const [i, queue] of QUEUES.entries()) {
        const cost = await costOf(exporters[i] as MeasuredExporter, layouts, round);
        if (round >= 0) costs.get(queue)?.push(cost / (vmis * SERIES_PER_VMI));
      }
    }
    const memory = costs.get("memory") ?? [];
    return QUEUES.map((queue) => {
      const own = costs.get(queue) ?? [];
      return {
        queue,
        microseconds: median(own),
        ratio: median(own.map((cost, round) => cost / (memory[round] ?? Number.NaN))),
      };
    });
  } finally {
    for (const component of started.toReversed()) await component.shutdown?.(1000);
    backend.kill();
    await rm(directory, { recursive: true });
  }
}

const BACKEND = `
  require("node:http").createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(200).end());
  }).listen(0, "127.0.0.1", function () { console.log(this.address().port); });`;

async function portOf(backend: ChildProcess): Promise<number> {
  const [line] = await once(backend.stdout as NonNullable<ChildProcess["stdout"]>, "data");
  return Number(String(line));
}

async function startExporter(
  queue: (typeof QUEUES)[number],
  endpoint: string,
  directory: string,
  started: Component[],
): Promise<MeasuredExporter> {
  let sent = 0;
  let reached = () => {};
  const meter = sentMeter((points) => {
    sent += points;
    reached();
  });
  const settings = {
    logger: silentLogger,
    meter,
    clock: systemClock,
    reportStatus() {},
    build: { command: "bench", version: "0" },
  };
  const storage = fileStorage.create({
    ...settings,
    id: "file_storage",
    config: fileStorage.config.parse({
      directory,
      create_directory: true,
      fsync: queue === "disk with fsync",
    }),
  });
  const sending_queue = queue === "memory" ? {} : { storage: "file_storage" };
  const exporter = otlpHttp.create({
    ...settings,
    id: "otlp_http",
    config: otlpHttp.config.parse({ endpoint, sending_queue }),
  });
  const host = { extension: () => storage } as unknown as Host;
  for (const component of [storage, exporter]) {
    await component.start?.(host);
    started.push(component);
  }
  return {
    consume: (batch) => exporter.consume(batch),
    async untilSent(points) {
      while (sent < points) {
        await new Promise<void>((resolve) => {
          reached = resolve;
        });
      }
      sent -= points;
    },
  };
}

interface MeasuredExporter extends Consumer {
  /** Settles when the backend has taken so many points more. */
  untilSent(points: number): Promise<void>;
}

function sentMeter(onSent: (points: number) => void): Meter {
  const meter = createNoopMeter();
  const createCounter: Meter["createCounter"] = (name, options) =>
    name === "otelcol_exporter_sent_metric_points" ? { add: onSent } : meter.createCounter(name, options);
  return Object.assign(Object.create(meter), { createCounter });
}

/** CPU of a second's worth of batches, from `consume` until the backend has answered for all of them. */
async function costOf(
  exporter: MeasuredExporter,
  layouts: readonly Layout[],
  round: number,
): Promise<number> {
  globalThis.gc?.();
  const before = process.cpuUsage();
  let points = 0;
  for (const layout of layouts) {
    points += layout.width;
    const values = Float64Array.from({ length: layout.width }, (_, i) => (i % 3 === 0 ? i : i * round + 0.5));
    await exporter.consume(
      Batch.fromColumns(layout, new Column({ values, timeNs: BigInt(Date.now()) * 1_000_000n })),
    );
  }
  await exporter.untilSent(points);
  await delay(AFTERMATH_MS);
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
