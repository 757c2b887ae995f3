import type { Counter, Meter } from "../../telemetry/index.ts";

/** The connector's own metrics. */
export class ConnectorTelemetry {
  readonly #id: string;
  readonly #errors: Counter;

  constructor(meter: Meter, id: string) {
    this.#id = id;
    this.#errors = meter.createCounter("otelcol_connector_count_condition_errors", {
      unit: "{error}",
      description:
        "Conditions that failed for an item. What depends on names only runs, and fails, once for each set of series.",
    });
    // Losses are counted from 0 on, so that `rate()` sees the first one.
    this.#errors.add(0, { connector: id });
  }

  conditionFailed(): void {
    this.#errors.add(1, { connector: this.#id });
  }
}
