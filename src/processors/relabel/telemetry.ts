import type { Counter, Meter } from "../../telemetry/index.ts";

/** The processor's own metrics. */
export class ProcessorTelemetry {
  readonly #id: string;
  readonly #dropped: Counter;

  constructor(meter: Meter, id: string) {
    this.#id = id;
    this.#dropped = meter.createCounter("otelcol_processor_relabel_series_dropped", {
      unit: "{series}",
      description: "Series that rules dropped, once for each set of series.",
    });
  }

  dropped(series: number): void {
    if (series > 0) this.#dropped.add(series, { processor: this.#id });
  }
}
