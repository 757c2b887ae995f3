import type { Meter } from "../../telemetry/index.ts";
import { type DeltaCounts, StreamTelemetry } from "../../temporality/index.ts";

const DROP_REASONS = ["initial", "bucket_mismatch", "not_finite", "out_of_order"] as const;

/** The processor's own metrics, named as the Collector's. */
export class ProcessorTelemetry {
  readonly #streams: StreamTelemetry<(typeof DROP_REASONS)[number]>;

  constructor(meter: Meter, id: string) {
    this.#streams = new StreamTelemetry(meter, id, {
      prefix: "otelcol_cumulativetodelta",
      converted: "Points that were converted to deltas.",
      dropped: "Points that no delta was made of, by reason.",
      streams: "Series whose last total is kept for their next difference.",
      reasons: DROP_REASONS,
    });
  }

  record(counts: DeltaCounts, streams: number): void {
    const dropped = {
      initial: counts.initialDropped,
      bucket_mismatch: counts.bucketMismatch,
      not_finite: counts.notFinite,
      out_of_order: counts.outOfOrder,
    };
    this.#streams.record(counts.converted, dropped, streams);
  }
}
