import type { Meter, MeterAttributes } from "../../telemetry/index.ts";

const SIZE_BUCKETS = [
  10, 25, 50, 75, 100, 250, 500, 750, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 20_000,
  30_000, 50_000, 100_000,
];

/**
 * The Collector's metrics of the processor, and how much waits in it. All are changes that add up, since a processor that
 * stands in several pipelines is one for each of them, under one ID.
 */
export class BatchTelemetry {
  readonly #attributes: MeterAttributes;
  readonly #size;
  readonly #triggers;
  readonly #pending;
  readonly #cardinality;

  constructor(meter: Meter, id: string) {
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
    this.#pending = meter.createUpDownCounter("otelcol_processor_batch_pending_items", {
      unit: "{item}",
      description: "Data points that wait or are being handed on.",
    });
    this.#cardinality = meter.createUpDownCounter("otelcol_processor_batch_metadata_cardinality", {
      unit: "{combination}",
      description: "Combinations of metadata values that are kept apart.",
    });
    this.pending(0);
  }

  pending(change: number): void {
    this.#pending.add(change, this.#attributes);
  }

  cardinality(change: number): void {
    this.#cardinality.add(change, this.#attributes);
  }

  sent(points: number, trigger: "size" | "timeout"): void {
    this.#size.record(points, this.#attributes);
    this.#triggers[trigger].add(1, this.#attributes);
  }
}
