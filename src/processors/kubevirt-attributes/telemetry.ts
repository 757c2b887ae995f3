import type { Counter, Meter } from "../../telemetry/index.ts";

/** The processor's own metrics; those of its watches are `otelcol_kubernetes_*`. */
export class ProcessorTelemetry {
  readonly #id: string;
  readonly #machines: Counter;

  constructor(meter: Meter, id: string) {
    this.#id = id;
    this.#machines = meter.createCounter("otelcol_processor_kubevirt_attributes_machines", {
      unit: "{machine}",
      description:
        "Virtual machines in the batches that passed, by whether the cluster knows them (outcome).",
    });
  }

  machines(matched: number, unmatched: number): void {
    if (matched > 0) this.#machines.add(matched, { processor: this.#id, outcome: "matched" });
    if (unmatched > 0) this.#machines.add(unmatched, { processor: this.#id, outcome: "unmatched" });
  }
}
