import { Worker } from "node:worker_threads";

/** What the watching thread shares with the main one: a heartbeat, and whose code is running. */
const HEARTBEAT = 0;
const RUNNING = 1;
const LIMIT_MS = 2;
const BEAT_MS = 500;

/**
 * Reports custom code that blocks the process. A blocked process cannot report itself, so a thread looks for a heartbeat
 * and writes to standard error whose code was running when it stopped. The thread starts with the first custom component.
 */
class Watchdog {
  #shared: Int32Array | undefined;
  readonly #names: string[] = [];
  #worker: Worker | undefined;

  /** Runs the synchronous part of `work` under the name of a component. */
  running<Result>(id: string, limitMs: number, work: () => Result): Result {
    this.#shared ??= this.#begin();
    const shared = this.#shared;
    const before = Atomics.load(shared, RUNNING);
    Atomics.store(shared, LIMIT_MS, Math.min(limitMs, 2 ** 31 - 1));
    Atomics.store(shared, RUNNING, this.#number(id));
    try {
      return work();
    } finally {
      Atomics.store(shared, RUNNING, before);
    }
  }

  #number(id: string): number {
    const index = this.#names.indexOf(id);
    if (index >= 0) return index + 1;
    this.#names.push(id);
    this.#worker?.postMessage(this.#names);
    return this.#names.length;
  }

  #begin(): Int32Array {
    const shared = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT));
    setInterval(() => Atomics.add(shared, HEARTBEAT, 1), BEAT_MS).unref();
    const file = import.meta.url.endsWith(".ts") ? "./watchdog-thread.ts" : "./watchdog-thread.js";
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData: { shared, beatMs: BEAT_MS } });
    this.#worker.unref();
    return shared;
  }
}

export const watchdog = new Watchdog();
