import type { Counter, Gauge, Meter, MeterAttributes } from "../../telemetry/index.ts";
import type { LeftOutReason } from "./left-out.ts";

/**
 * Why a point did not go on, besides those that the layout leaves out:
 * - `not_finite`: a counter or part of a histogram was NaN or infinite;
 * - `merged`: its value was added to that of a point that it could not be told apart from;
 * - with `temporality: delta`: `initial`: the first total of a series, `out_of_order`: not newer than the last one,
 *   `bucket_mismatch`: a histogram with other buckets than the last one.
 */
export type DropReason =
  | LeftOutReason
  | "not_finite"
  | "merged"
  | "initial"
  | "out_of_order"
  | "bucket_mismatch";

/** Those that nobody asked for, and those of them that only deltas have. */
const LOSSES: readonly DropReason[] = ["wrong_type", "not_finite"];
const DELTA_LOSSES: readonly DropReason[] = ["out_of_order", "bucket_mismatch"];

/** The processor's own metrics. Losses are counted from 0 on, so that `rate()` sees the first one. */
export class ProcessorTelemetry {
  readonly #attributes: MeterAttributes;
  readonly #dropped: Counter;
  readonly #documented: Gauge;
  readonly #streams: Gauge;

  constructor(meter: Meter, id: string, makesDeltas: boolean) {
    this.#attributes = { processor: id };
    this.#dropped = meter.createCounter("otelcol_processor_kubevirt_handler_dropped_metric_points", {
      unit: "{datapoint}",
      description: "Data points that did not go on, by reason.",
    });
    this.#documented = meter.createGauge("otelcol_processor_kubevirt_handler_documented_metrics", {
      unit: "{metric}",
      description:
        "Documented metrics that the last scrape of a target had (state seen) or lacked (missing).",
    });
    this.#streams = meter.createGauge("otelcol_processor_kubevirt_handler_delta_streams", {
      unit: "{stream}",
      description: "Series whose last total is kept for their next difference.",
    });
    for (const reason of makesDeltas ? [...LOSSES, ...DELTA_LOSSES] : LOSSES) {
      this.#dropped.add(0, { ...this.#attributes, reason });
    }
  }

  dropped(points: number, reason: DropReason): void {
    if (points > 0) this.#dropped.add(points, { ...this.#attributes, reason });
  }

  documented(target: string, seen: number, missing: number): void {
    this.#documented.record(seen, { ...this.#attributes, target, state: "seen" });
    this.#documented.record(missing, { ...this.#attributes, target, state: "missing" });
  }

  streams(count: number): void {
    this.#streams.record(count, this.#attributes);
  }
}
