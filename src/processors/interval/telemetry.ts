import type { Counter, Meter } from "../../telemetry/index.ts";

/** The processor's own metrics. */
export class ProcessorTelemetry {
  readonly #id: string;
  readonly #dropped: Counter;

  constructor(meter: Meter, id: string) {
    this.#id = id;
    this.#dropped = meter.createCounter("otelcol_processor_interval_datapoints_dropped", {
      unit: "{datapoint}",
      description: "Points that were kept for their interval, and then refused for good or at the end.",
    });
    // Losses are counted from 0 on, so that `rate()` sees the first one.
    this.#dropped.add(0, { processor: id });
  }

  dropped(points: number): void {
    this.#dropped.add(points, { processor: this.#id });
  }
}
