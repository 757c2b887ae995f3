import { Worker } from "node:worker_threads";
import {
  type Component,
  type Consumer,
  type Definition,
  RetryableError,
  type UpstreamSettings,
} from "../component/index.ts";
import { CollectorError } from "../errors/index.ts";
import { Batch, type MetricsBatch } from "../metrics/index.ts";
import { crossable } from "./crossable.ts";

/** What the thread is told. */
export type Request =
  | { readonly kind: "process"; readonly number: number; readonly batch: MetricsBatch }
  | { readonly kind: "shutdown"; readonly number: number; readonly drainMs: number };

/** The number of the answer that says that the processor was created and started. */
export const STARTED = 0;

/** What it answers: what came of a request, in order of what it handed on. */
export type Answer =
  | { readonly number: number; readonly batches: readonly MetricsBatch[] }
  | { readonly number: number; readonly error: string; readonly stack: string };

export interface ThreadData {
  readonly file: string;
  readonly type: string;
  readonly id: string;
  readonly config: unknown;
  readonly build: UpstreamSettings<unknown>["build"];
}

/** A processor whose code runs in a thread of its own. Batches cross as plain objects. */
export function isolated(definition: Definition, file: string): Definition {
  if (definition.kind !== "processor") {
    throw new CollectorError(
      "CONFIG_SOURCE",
      `isolate: worker is for processors, ${JSON.stringify(definition.type)} is a ${definition.kind}`,
    );
  }
  return {
    ...definition,
    config: crossable(definition.config),
    create: (settings: UpstreamSettings<unknown>) => new IsolatedProcessor(definition.type, file, settings),
  };
}

class IsolatedProcessor implements Component, Consumer {
  readonly #data: ThreadData;
  readonly #settings: UpstreamSettings<unknown>;
  readonly #pending = new Map<number, PromiseWithResolvers<readonly MetricsBatch[]>>();
  #worker: Worker | undefined;
  #number = 0;

  constructor(type: string, file: string, settings: UpstreamSettings<unknown>) {
    this.#settings = settings;
    this.#data = { file, type, id: settings.id, config: settings.config, build: settings.build };
  }

  /** What the module throws in create or start is thrown here. */
  async start(): Promise<void> {
    await this.#answerTo(STARTED);
  }

  async consume(batch: Batch): Promise<void> {
    const request = { kind: "process", number: ++this.#number, batch: batch.resourceMetrics } as const;
    await this.#handOn(await this.#ask(request));
  }

  async shutdown(drainMs: number): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    // A thread that is busy for ever would never answer.
    const cancel = this.#settings.clock.schedule(drainMs, () => void worker.terminate());
    try {
      await this.#handOn(await this.#ask({ kind: "shutdown", number: ++this.#number, drainMs }));
    } finally {
      cancel();
      this.#worker = undefined;
      await worker.terminate();
    }
  }

  async #handOn(batches: readonly MetricsBatch[]): Promise<void> {
    for (const batch of batches) await this.#settings.next.consume(Batch.from(batch));
  }

  #ask(request: Request): Promise<readonly MetricsBatch[]> {
    const answer = this.#answerTo(request.number);
    this.#worker?.postMessage(request);
    return answer;
  }

  #answerTo(number: number): Promise<readonly MetricsBatch[]> {
    const waiting = Promise.withResolvers<readonly MetricsBatch[]>();
    this.#pending.set(number, waiting);
    this.#worker ??= this.#begin();
    // The thread alone keeps no process running, what is awaited from it does.
    this.#worker.ref();
    return waiting.promise;
  }

  /** A thread that ended, for whatever reason, is replaced at the next batch; what it held can be sent again. */
  #begin(): Worker {
    const entry = import.meta.url.endsWith(".ts") ? "./isolate-thread.ts" : "./isolate-thread.js";
    const worker = new Worker(new URL(entry, import.meta.url), { workerData: this.#data });
    worker.on("message", (answer: Answer) => {
      const waiting = this.#pending.get(answer.number);
      this.#pending.delete(answer.number);
      if (this.#pending.size === 0) worker.unref();
      if ("batches" in answer) waiting?.resolve(answer.batches);
      else {
        const error = new Error(answer.error);
        error.stack = answer.stack;
        waiting?.reject(error);
      }
    });
    worker.on("error", (error) => this.#lost(worker, error));
    worker.on("exit", (code) => this.#lost(worker, new Error(`thread ended with code ${code}`)));
    return worker;
  }

  #lost(worker: Worker, cause: unknown): void {
    if (this.#worker === worker) this.#worker = undefined;
    const error = new RetryableError(`the thread of "${this.#data.id}" broke down`, { cause });
    for (const waiting of this.#pending.values()) waiting.reject(error);
    this.#pending.clear();
  }
}
