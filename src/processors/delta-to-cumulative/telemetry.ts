import type { Counter, Gauge, Meter, MeterAttributes } from "../../telemetry/index.ts";
import type { CumulativeCounts } from "../../temporality/index.ts";

const DROP_REASONS = ["out_of_order", "older_start", "limit", "not_finite"] as const;

/** The processor's own metrics. */
export class ProcessorTelemetry {
  readonly #attributes: MeterAttributes;
  readonly #datapoints: Counter;
  readonly #dropped: Counter;
  readonly #gaps: Counter;
  readonly #streams: Gauge;

  constructor(meter: Meter, id: string) {
    this.#attributes = { processor: id };
    this.#datapoints = meter.createCounter("otelcol_deltatocumulative_datapoints", {
      unit: "{datapoint}",
      description: "Deltas that were added to a total.",
    });
    this.#dropped = meter.createCounter("otelcol_deltatocumulative_datapoints_dropped", {
      unit: "{datapoint}",
      description: "Deltas that were not, by reason.",
    });
    this.#gaps = meter.createCounter("otelcol_deltatocumulative_gaps", {
      unit: "{gap}",
      description: "Deltas that did not start where the one before ended: something was lost on the way.",
    });
    this.#streams = meter.createGauge("otelcol_deltatocumulative_streams_tracked", {
      unit: "{stream}",
      description: "Series whose total is kept.",
    });
    // Losses are counted from 0 on, so that `rate()` sees the first one.
    for (const reason of DROP_REASONS) this.#dropped.add(0, { ...this.#attributes, reason });
    this.#gaps.add(0, this.#attributes);
  }

  record(counts: CumulativeCounts, streams: number): void {
    const { converted, notFinite, outOfOrder, olderStart, limit, gaps } = counts;
    if (converted > 0) this.#datapoints.add(converted, this.#attributes);
    this.#drop(outOfOrder, "out_of_order");
    this.#drop(olderStart, "older_start");
    this.#drop(limit, "limit");
    this.#drop(notFinite, "not_finite");
    if (gaps > 0) this.#gaps.add(gaps, this.#attributes);
    this.#streams.record(streams, this.#attributes);
  }

  #drop(points: number, reason: (typeof DROP_REASONS)[number]): void {
    if (points > 0) this.#dropped.add(points, { ...this.#attributes, reason });
  }
}
