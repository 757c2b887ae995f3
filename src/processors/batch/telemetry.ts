import type { Meter, MeterAttributes } from "../../telemetry/index.ts";

const SIZE_BUCKETS = [
  10, 25, 50, 75, 100, 250, 500, 750, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 20_000,
  30_000, 50_000, 100_000,
];

/** The Collector's metrics of the processor, and how much waits in it. */
export class BatchTelemetry {
  readonly #attributes: MeterAttributes;
  readonly #size;
  readonly #triggers;
  readonly #close: () => void;

  constructor(meter: Meter, id: string, pending: () => number) {
    this.#attributes = { processor: id };
    this.#size = meter.createHistogram("otelcol_processor_batch_batch_send_size", {
      unit: "{unit}",
      description: "Data points in the batches that were handed on.",
      advice: { explicitBucketBoundaries: SIZE_BUCKETS },
    });
    const trigger = (name: string, description: string) =>
      meter.createCounter(`otelcol_processor_batch_${name}_trigger_send`, { unit: "{time}", description });
    this.#triggers = {
      size: trigger("batch_size", "Times that a batch was handed on for its size."),
      timeout: trigger("timeout", "Times that a batch was handed on since it had waited long enough."),
    };
    const gauge = meter.createObservableGauge("otelcol_processor_batch_pending_items", {
      unit: "{item}",
      description: "Data points that wait or are being handed on.",
    });
    const observe = (result: { observe(value: number, attributes: MeterAttributes): void }) =>
      result.observe(pending(), this.#attributes);
    gauge.addCallback(observe);
    this.#close = () => gauge.removeCallback(observe);
  }

  sent(points: number, trigger: "size" | "timeout"): void {
    this.#size.record(points, this.#attributes);
    this.#triggers[trigger].add(1, this.#attributes);
  }

  close(): void {
    this.#close();
  }
}
