import type { Counter, Meter } from "../../telemetry/index.ts";

/** The processor's own metrics. */
export class ProcessorTelemetry {
  readonly #id: string;
  readonly #errors: Counter;

  constructor(meter: Meter, id: string) {
    this.#id = id;
    this.#errors = meter.createCounter("otelcol_processor_transform_statement_errors", {
      unit: "{error}",
      description:
        "Statements that failed for an item. What depends on names only runs, and fails, once for each set of series.",
    });
    // Losses are counted from 0 on, so that `rate()` sees the first one.
    this.#errors.add(0, { processor: id });
  }

  statementFailed(): void {
    this.#errors.add(1, { processor: this.#id });
  }
}
