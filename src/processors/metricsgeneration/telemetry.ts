import type { Counter, Meter } from "../../telemetry/index.ts";

/** The processor's own metrics. */
export class ProcessorTelemetry {
  readonly #id: string;
  readonly #dividedByZero: Counter;

  constructor(meter: Meter, id: string) {
    this.#id = id;
    this.#dividedByZero = meter.createCounter("otelcol_processor_metricsgeneration_divisions_by_zero", {
      unit: "{datapoint}",
      description: "Data points that were not made, since what they were to be divided by is zero.",
    });
    // Losses are counted from 0 on, so that `rate()` sees the first one.
    this.#dividedByZero.add(0, { processor: id });
  }

  dividedByZero(points: number): void {
    this.#dividedByZero.add(points, { processor: this.#id });
  }
}
