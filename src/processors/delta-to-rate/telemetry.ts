import type { Counter, Meter } from "../../telemetry/index.ts";

/** The processor's own metrics. */
export class ProcessorTelemetry {
  readonly #id: string;
  readonly #dropped: Counter;

  constructor(meter: Meter, id: string) {
    this.#id = id;
    this.#dropped = meter.createCounter("otelcol_processor_deltatorate_datapoints_dropped", {
      unit: "{datapoint}",
      description: "Deltas that have no rate: their start is not known, or not before their end.",
    });
    // Losses are counted from 0 on, so that `rate()` sees the first one.
    this.#dropped.add(0, { processor: id });
  }

  record(dropped: number): void {
    if (dropped > 0) this.#dropped.add(dropped, { processor: this.#id });
  }
}
