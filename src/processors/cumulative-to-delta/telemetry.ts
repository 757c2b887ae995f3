import type { Counter, Gauge, Meter, MeterAttributes } from "../../telemetry/index.ts";
import type { DeltaCounts } from "../../temporality/index.ts";

const DROP_REASONS = ["initial", "bucket_mismatch", "not_finite", "out_of_order"] as const;

/** The processor's own metrics, named as the Collector's. */
export class ProcessorTelemetry {
  readonly #attributes: MeterAttributes;
  readonly #datapoints: Counter;
  readonly #dropped: Counter;
  readonly #streams: Gauge;

  constructor(meter: Meter, id: string) {
    this.#attributes = { processor: id };
    this.#datapoints = meter.createCounter("otelcol_cumulativetodelta_datapoints", {
      unit: "{datapoint}",
      description: "Points that were converted to deltas.",
    });
    this.#dropped = meter.createCounter("otelcol_cumulativetodelta_datapoints_dropped", {
      unit: "{datapoint}",
      description: "Points that no delta was made of, by reason.",
    });
    this.#streams = meter.createGauge("otelcol_cumulativetodelta_streams_tracked", {
      unit: "{stream}",
      description: "Series whose last total is kept for their next difference.",
    });
    // Losses are counted from 0 on, so that `rate()` sees the first one.
    for (const reason of DROP_REASONS) this.#dropped.add(0, { ...this.#attributes, reason });
  }

  record(counts: DeltaCounts, streams: number): void {
    const { converted, initialDropped, bucketMismatch, notFinite, outOfOrder } = counts;
    if (converted > 0) this.#datapoints.add(converted, this.#attributes);
    this.#drop(initialDropped, "initial");
    this.#drop(bucketMismatch, "bucket_mismatch");
    this.#drop(notFinite, "not_finite");
    this.#drop(outOfOrder, "out_of_order");
    this.#streams.record(streams, this.#attributes);
  }

  #drop(points: number, reason: (typeof DROP_REASONS)[number]): void {
    if (points > 0) this.#dropped.add(points, { ...this.#attributes, reason });
  }
}
