import type { Component, Consumer, Settings } from "../../component/index.ts";
import { DeliveryChain } from "../../delivery/index.ts";
import type { Batch } from "../../metrics/index.ts";

/** Counts batches as sent without looking at them. */
export class NopExporter implements Component, Consumer {
  readonly #chain;

  constructor(settings: Settings<unknown>) {
    this.#chain = new DeliveryChain({
      settings,
      queue: undefined,
      retry: undefined,
      timeoutMs: 0,
      encode: ([batch]) => ({ points: (batch as Batch).pointCount, bytes: 0 }),
      send: () => Promise.resolve(),
    });
  }

  consume(batch: Batch): Promise<void> {
    return this.#chain.consume(batch);
  }

  shutdown(drainMs: number): Promise<void> {
    return this.#chain.shutdown(drainMs);
  }
}
