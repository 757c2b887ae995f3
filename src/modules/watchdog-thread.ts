import { writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";

const { shared, beatMs } = workerData as { readonly shared: Int32Array; readonly beatMs: number };
let names: readonly string[] = [];
parentPort?.on("message", (message: readonly string[]) => {
  names = message;
});

const [HEARTBEAT, RUNNING, LIMIT_MS] = [0, 1, 2];
let last = -1;
let still = 0;
let told = false;

setInterval(() => {
  const beat = Atomics.load(shared, HEARTBEAT);
  still = beat === last ? still + beatMs : 0;
  last = beat;
  if (still === 0) told = false;
  const running = Atomics.load(shared, RUNNING);
  if (told || running === 0 || still < Atomics.load(shared, LIMIT_MS)) return;
  told = true;
  const line = {
    level: "error",
    ts: new Date().toISOString(),
    msg: "Custom code blocks the process.",
    "otelcol.component.id": names[running - 1] ?? `number ${running}`,
    blocked_ms: still,
  };
  // The main thread cannot write now, and this thread's own stream would go through it.
  writeSync(2, `${JSON.stringify(line)}\n`);
}, beatMs);
