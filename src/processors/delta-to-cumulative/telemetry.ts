import type { Counter, Meter, MeterAttributes } from "../../telemetry/index.ts";
import { type CumulativeCounts, StreamTelemetry } from "../../temporality/index.ts";

const DROP_REASONS = ["out_of_order", "older_start", "limit", "not_finite"] as const;

/** The processor's own metrics. */
export class ProcessorTelemetry {
  readonly #streams: StreamTelemetry<(typeof DROP_REASONS)[number]>;
  readonly #attributes: MeterAttributes;
  readonly #gaps: Counter;

  constructor(meter: Meter, id: string) {
    this.#streams = new StreamTelemetry(meter, id, {
      prefix: "otelcol_deltatocumulative",
      converted: "Deltas that were added to a total.",
      dropped: "Deltas that were not, by reason.",
      streams: "Series whose total is kept.",
      reasons: DROP_REASONS,
    });
    this.#attributes = { processor: id };
    this.#gaps = meter.createCounter("otelcol_deltatocumulative_gaps", {
      unit: "{gap}",
      description: "Deltas that did not start where the one before ended: something was lost on the way.",
    });
    this.#gaps.add(0, this.#attributes);
  }

  record(counts: CumulativeCounts, streams: number): void {
    const dropped = {
      out_of_order: counts.outOfOrder,
      older_start: counts.olderStart,
      limit: counts.limit,
      not_finite: counts.notFinite,
    };
    this.#streams.record(counts.converted, dropped, streams);
    if (counts.gaps > 0) this.#gaps.add(counts.gaps, this.#attributes);
  }
}
