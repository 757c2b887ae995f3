import type { Counter, Meter } from "../../telemetry/index.ts";

/** The processor's own metrics. */
export class ProcessorTelemetry {
  readonly #id: string;
  readonly #attributes: Counter;

  constructor(meter: Meter, id: string) {
    this.#id = id;
    this.#attributes = meter.createCounter("otelcol_processor_redaction_attributes", {
      unit: "{attribute}",
      description: "Attributes that were removed or masked (outcome), once for each set of attributes.",
    });
  }

  record(redacted: number, masked: number): void {
    if (redacted > 0) this.#attributes.add(redacted, { processor: this.#id, outcome: "removed" });
    if (masked > 0) this.#attributes.add(masked, { processor: this.#id, outcome: "masked" });
  }
}
