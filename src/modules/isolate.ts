import { Worker } from "node:worker_threads";
import {
  type Component,
  type Consumer,
  clientContext,
  type Definition,
  RetryableError,
  type UpstreamSettings,
} from "../component/index.ts";
import { CollectorError } from "../errors/index.ts";
import { Batch, type MetricsBatch } from "../metrics/index.ts";
import type { LogLevel } from "../telemetry/index.ts";
import { crossable } from "./crossable.ts";
import {
  type Answer,
  fromThreadError,
  type Note,
  type Request,
  STARTED,
  type ThreadData,
} from "./thread-messages.ts";
import { noteTaker } from "./thread-notes.ts";

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

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
  readonly #note: (note: Note) => void;
  readonly #pending = new Map<number, PromiseWithResolvers<readonly MetricsBatch[]>>();
  #worker: Worker | undefined;
  #number = 0;

  constructor(type: string, file: string, settings: UpstreamSettings<unknown>) {
    this.#settings = settings;
    const { id, config, build, logger, meter } = settings;
    const levels = LEVELS.filter((level) => logger.isEnabled(level));
    this.#data = { file, type, id, config, build, levels };
    this.#note = noteTaker(logger, meter);
  }

  /** What the module throws in create or start is thrown here. */
  async start(): Promise<void> {
    await this.#answerTo(STARTED);
  }

  async consume(batch: Batch): Promise<void> {
    const number = ++this.#number;
    const current = clientContext.current();
    // A signal cannot cross.
    const client = current && { ...current, gone: undefined };
    await this.#handOn(await this.#ask({ kind: "process", number, batch: batch.resourceMetrics, client }));
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
    worker.on("message", (message: Answer | Note) => {
      if (message.kind === "done" || message.kind === "failed") this.#answered(worker, message);
      else this.#note(message);
    });
    worker.on("error", (error) => this.#lost(worker, error));
    worker.on("exit", (code) => this.#lost(worker, new Error(`thread ended with code ${code}`)));
    return worker;
  }

  #answered(worker: Worker, answer: Answer): void {
    const waiting = this.#pending.get(answer.number);
    this.#pending.delete(answer.number);
    if (this.#pending.size === 0) worker.unref();
    if (answer.kind === "done") waiting?.resolve(answer.batches);
    else waiting?.reject(fromThreadError(answer.error));
  }

  /** Told twice of a thread that ends with an error; by the second time another one may be at work. */
  #lost(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const error = new RetryableError(`the thread of "${this.#data.id}" broke down`, { cause });
    // Nobody else would tell.
    if (this.#pending.size === 0)
      this.#settings.logger.error("A thread of custom code broke down.", { error });
    for (const waiting of this.#pending.values()) waiting.reject(error);
    this.#pending.clear();
  }
}
