import type { Counter, Meter } from "../../telemetry/index.ts";

/** The processor's own metrics. */
export class ProcessorTelemetry {
  readonly #id: string;
  readonly #failed: Counter;

  constructor(meter: Meter, id: string) {
    this.#id = id;
    this.#failed = meter.createCounter("otelcol_processor_metricstransform_combine_failures", {
      unit: "{failure}",
      description: "Times that metrics could not be combined since they differ; once for each set of series.",
    });
  }

  combineFailed(): void {
    this.#failed.add(1, { processor: this.#id });
  }
}
