import type { Counter, Meter } from "../../telemetry/index.ts";

/** The processor's own metrics; those of its watches are `otelcol_kubernetes_*`. */
export class ProcessorTelemetry {
  readonly #id: string;
  readonly #resources: Counter;

  constructor(meter: Meter, id: string) {
    this.#id = id;
    this.#resources = meter.createCounter("otelcol_processor_k8s_attributes_resources", {
      unit: "{resource}",
      description: "Resources that passed, by whether the cluster knows something about them (outcome).",
    });
  }

  resources(matched: number, unmatched: number): void {
    if (matched > 0) this.#resources.add(matched, { processor: this.#id, outcome: "matched" });
    if (unmatched > 0) this.#resources.add(unmatched, { processor: this.#id, outcome: "unmatched" });
  }
}
