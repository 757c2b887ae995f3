import type { Counter, Gauge, Meter, MeterAttributes } from "../../telemetry/index.ts";
import type { StartCounts } from "../../temporality/index.ts";

/** The processor's own metrics. */
export class ProcessorTelemetry {
  readonly #attributes: MeterAttributes;
  readonly #starts: Counter;
  readonly #dropped: Counter;
  readonly #streams: Gauge;

  constructor(meter: Meter, id: string) {
    this.#attributes = { processor: id };
    this.#starts = meter.createCounter("otelcol_metricstarttime_starts", {
      unit: "{start}",
      description: "Totals that began, by cause: first (seen for the first time) or reset.",
    });
    this.#dropped = meter.createCounter("otelcol_metricstarttime_datapoints_dropped", {
      unit: "{datapoint}",
      description:
        "Points from which the initial one could not be subtracted (late ones and those without a value).",
    });
    this.#streams = meter.createGauge("otelcol_metricstarttime_streams_tracked", {
      unit: "{stream}",
      description: "Series whose start time is kept.",
    });
    // Losses are counted from 0 on, so that `rate()` sees the first one.
    this.#dropped.add(0, this.#attributes);
  }

  record({ started, resets, dropped }: StartCounts, streams: number): void {
    if (started > 0) this.#starts.add(started, { ...this.#attributes, cause: "first" });
    if (resets > 0) this.#starts.add(resets, { ...this.#attributes, cause: "reset" });
    if (dropped > 0) this.#dropped.add(dropped, this.#attributes);
    this.#streams.record(streams, this.#attributes);
  }
}
