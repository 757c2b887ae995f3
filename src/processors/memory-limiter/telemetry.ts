import type { Counter, Meter, MeterAttributes } from "../../telemetry/index.ts";

/** The Collector's metrics of the processor. */
export class MemoryLimiterTelemetry {
  readonly #attributes: MeterAttributes;
  readonly #accepted: Counter;
  readonly #refused: Counter;

  constructor(meter: Meter, id: string) {
    this.#attributes = { processor: id };
    const counter = (name: string, description: string) =>
      meter.createCounter(`otelcol_processor_memory_limiter_${name}_metric_points`, {
        unit: "{datapoint}",
        description,
      });
    this.#accepted = counter("accepted", "Data points that were let through.");
    this.#refused = counter("refused", "Data points that were refused for lack of memory.");
    // Counters of losses begin at 0, so that `rate()` sees the first one.
    this.accepted(0);
    this.refused(0);
  }

  accepted(points: number): void {
    this.#accepted.add(points, this.#attributes);
  }

  refused(points: number): void {
    this.#refused.add(points, this.#attributes);
  }
}
