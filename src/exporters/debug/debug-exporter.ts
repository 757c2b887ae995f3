import type { Component, Consumer, Settings } from "../../component/index.ts";
import { DeliveryChain, type DeliveryRequest } from "../../delivery/index.ts";
import type { Batch, MetricsBatch } from "../../metrics/index.ts";
import type { DebugConfig } from "./config.ts";
import { formatDetailed } from "./format-detailed.ts";
import { formatNormal } from "./format-normal.ts";
import { Sampler } from "./sampler.ts";

/** Writes text, and settles when it is written. */
export type WriteText = (text: string) => Promise<void>;

interface DebugRequest extends DeliveryRequest {
  readonly batch: Batch;
}

/** Prints each batch while the sender waits: what is printed is what went through. */
export class DebugExporter implements Component, Consumer {
  readonly #settings: Settings<DebugConfig>;
  readonly #write: WriteText;
  readonly #sampler: Sampler;
  readonly #chain: DeliveryChain<DebugRequest>;

  constructor(settings: Settings<DebugConfig>, write: WriteText = writeStdout) {
    const { config, clock } = settings;
    this.#settings = settings;
    this.#write = write;
    this.#sampler = new Sampler(clock, config.sampling_initial, config.sampling_thereafter);
    this.#chain = new DeliveryChain<DebugRequest>({
      settings,
      queue: undefined,
      retry: undefined,
      timeoutMs: 0,
      encode: ([batch]) => ({ batch: batch as Batch, points: (batch as Batch).pointCount, bytes: 0 }),
      send: ({ batch }) => this.#print(batch),
    });
  }

  consume(batch: Batch): Promise<void> {
    return this.#chain.consume(batch);
  }

  shutdown(drainMs: number): Promise<void> {
    return this.#chain.shutdown(drainMs);
  }

  async #print(batch: Batch): Promise<void> {
    if (!this.#sampler.take()) return;
    const { config, logger } = this.#settings;
    const counts = countsOf(batch);
    const text = textOf(batch.resourceMetrics, config.verbosity);
    if (config.use_internal_logger) {
      logger.info("Metrics", counts);
      if (text !== "") logger.info(text);
    } else {
      await this.#write(`Metrics\t${JSON.stringify(counts)}\n${text === "" ? "" : `${text}\n`}`);
    }
  }
}

function countsOf(batch: Batch): Readonly<Record<string, number>> {
  const scopes = batch.resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics);
  return {
    "resource metrics": batch.resourceMetrics.length,
    metrics: scopes.reduce((sum, { metrics }) => sum + metrics.length, 0),
    "data points": batch.pointCount,
  };
}

function textOf(batch: MetricsBatch, verbosity: DebugConfig["verbosity"]): string {
  switch (verbosity) {
    case "basic":
      return "";
    case "normal":
      return formatNormal(batch);
    case "detailed":
      return formatDetailed(batch);
  }
}

function writeStdout(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
