import type { Counter, Gauge, Meter, MeterAttributes } from "../telemetry/index.ts";

/** What a processor that keeps something of each series counts, and how it words it. */
export interface StreamTelemetryTexts<Reason extends string> {
  /** Of all its metrics, such as `otelcol_cumulativetodelta`. */
  readonly prefix: string;
  readonly converted: string;
  readonly dropped: string;
  readonly streams: string;
  /** Values of the attribute `reason` of what is dropped. */
  readonly reasons: readonly Reason[];
}

/** `<prefix>_datapoints`, `<prefix>_datapoints_dropped` by reason, and `<prefix>_streams_tracked`. */
export class StreamTelemetry<Reason extends string> {
  readonly #attributes: MeterAttributes;
  readonly #reasons: readonly Reason[];
  readonly #datapoints: Counter;
  readonly #dropped: Counter;
  readonly #streams: Gauge;

  constructor(meter: Meter, id: string, texts: StreamTelemetryTexts<Reason>) {
    const { prefix, reasons } = texts;
    this.#attributes = { processor: id };
    this.#reasons = reasons;
    const unit = "{datapoint}";
    this.#datapoints = meter.createCounter(`${prefix}_datapoints`, { unit, description: texts.converted });
    this.#dropped = meter.createCounter(`${prefix}_datapoints_dropped`, { unit, description: texts.dropped });
    this.#streams = meter.createGauge(`${prefix}_streams_tracked`, {
      unit: "{stream}",
      description: texts.streams,
    });
    // Losses are counted from 0 on, so that `rate()` sees the first one.
    for (const reason of reasons) this.#dropped.add(0, { ...this.#attributes, reason });
  }

  /**
   * @param converted points of one batch
   * @param dropped points of it, by reason
   * @param streams series that are kept now
   */
  record(converted: number, dropped: Readonly<Record<Reason, number>>, streams: number): void {
    if (converted > 0) this.#datapoints.add(converted, this.#attributes);
    for (const reason of this.#reasons) {
      const points = dropped[reason];
      if (points > 0) this.#dropped.add(points, { ...this.#attributes, reason });
    }
    this.#streams.record(streams, this.#attributes);
  }
}
