import type { Counter, Meter } from "../../telemetry/index.ts";

/** The processor's own metrics. */
export class ProcessorTelemetry {
  readonly #id: string;
  readonly #filtered: Counter;
  readonly #errors: Counter;

  constructor(meter: Meter, id: string) {
    this.#id = id;
    this.#filtered = meter.createCounter("otelcol_processor_filter_datapoints_filtered", {
      unit: "{datapoint}",
      description: "Data points dropped since a condition held.",
    });
    this.#errors = meter.createCounter("otelcol_processor_filter_condition_errors", {
      unit: "{error}",
      description:
        "Conditions that failed for an item. What depends on names only runs, and fails, once for each set of series.",
    });
    // Losses are counted from 0 on, so that `rate()` sees the first one.
    this.#errors.add(0, { processor: id });
  }

  filtered(points: number): void {
    if (points > 0) this.#filtered.add(points, { processor: this.#id });
  }

  conditionFailed(): void {
    this.#errors.add(1, { processor: this.#id });
  }
}
