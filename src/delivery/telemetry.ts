import type { Meter, MeterAttributes } from "../telemetry/index.ts";
import type { Queue } from "./queue.ts";
import type { DeliveryRequest } from "./retry-sender.ts";
import { sizeHistograms } from "./size-histograms.ts";

/**
 * Why points were lost:
 * - `permanent`: the backend refused the request for good;
 * - `retries_exhausted`: it failed for longer than `max_elapsed_time`, or retries are off;
 * - `partial_success`: the backend took the request but for these points;
 * - `shutdown`: still undelivered when the time for the shutdown was over;
 * - `unsupported`: the exporter's format has no place for them;
 * - `oversized`: each is larger than the `max_size` of a request;
 * - `unreadable`: what the storage kept of them is damaged.
 */
export type DropReason =
  | "permanent"
  | "retries_exhausted"
  | "partial_success"
  | "shutdown"
  | "unsupported"
  | "oversized"
  | "unreadable";

/**
 * The exporter metrics of the Collector, and three of ours: `otelcol_exporter_dropped_metric_points` by reason,
 * `otelcol_exporter_queue_metric_points`, and `otelcol_exporter_queue_restored_metric_points`. With a queue, every
 * point that `consume` accepted or that was restored is in exactly one of sent, dropped and queue_metric_points at any
 * time.
 */
export class ExporterTelemetry {
  readonly #attributes: MeterAttributes;
  readonly #addSent;
  readonly #addFailed;
  readonly #addEnqueueFailed;
  readonly #addDropped;
  readonly #addRestored;
  readonly #addInFlight;
  readonly #recordEnqueued;
  readonly #recordTaken;
  #unobserve: (() => void) | undefined;
  readonly #meter: Meter;

  /** `attributes`: of all the exporter's metrics besides its ID, such as `server.address`. */
  constructor(meter: Meter, id: string, attributes: MeterAttributes = {}) {
    const counter = (name: string, description: string) =>
      meter.createCounter(`otelcol_exporter_${name}`, { unit: "{datapoint}", description });
    this.#meter = meter;
    this.#attributes = { exporter: id, ...attributes };
    this.#addSent = counter("sent_metric_points", "Data points that the backend accepted.");
    this.#addFailed = counter(
      "send_failed_metric_points",
      "Data points that could not be delivered, counted once their retries have ended.",
    );
    this.#addEnqueueFailed = counter(
      "enqueue_failed_metric_points",
      "Data points that were refused before they were queued.",
    );
    this.#addDropped = counter("dropped_metric_points", "Data points that were lost, by reason.");
    this.#addRestored = counter(
      "queue_restored_metric_points",
      "Data points that the queue's storage held at the start.",
    );
    this.#recordEnqueued = sizeHistograms(meter, "enqueue_size", "put into the queue");
    this.#recordTaken = sizeHistograms(meter, "queue_batch_send_size", "taken from the queue to be sent");
    this.#addInFlight = meter.createUpDownCounter("otelcol_exporter_in_flight_requests", {
      unit: "{request}",
      description: "Requests being sent or waiting for their retry.",
    });
  }

  sent(points: number): void {
    if (points > 0) this.#addSent.add(points, this.#attributes);
  }

  sendFailed(points: number, errorType: string, permanent: boolean): void {
    const attributes = { ...this.#attributes, "error.type": errorType, "error.permanent": permanent };
    this.#addFailed.add(points, attributes);
  }

  enqueueFailed(points: number): void {
    this.#addEnqueueFailed.add(points, this.#attributes);
  }

  enqueued({ points, bytes }: DeliveryRequest): void {
    this.#recordEnqueued(points, bytes, this.#attributes);
  }

  taken({ points, bytes }: DeliveryRequest): void {
    this.#recordTaken(points, bytes, this.#attributes);
  }

  dropped(points: number, reason: DropReason): void {
    if (points > 0) this.#addDropped.add(points, { ...this.#attributes, reason });
  }

  restored(points: number): void {
    if (points > 0) this.#addRestored.add(points, this.#attributes);
  }

  inFlight(change: 1 | -1): void {
    this.#addInFlight.add(change, { ...this.#attributes, data_type: "metrics" });
  }

  observe(queue: Pick<Queue<unknown>, "size" | "capacity" | "points">): void {
    const attributes = { ...this.#attributes, data_type: "metrics" };
    let observed: typeof queue | undefined = queue;
    const gauge = (name: string, unit: string, description: string, of: "size" | "capacity" | "points") => {
      const instrument = this.#meter.createObservableGauge(`otelcol_exporter_${name}`, { unit, description });
      const callback = (result: { observe(value: number, attributes: MeterAttributes): void }) => {
        result.observe(observed?.[of] ?? 0, attributes);
        // Not at once: the meter is going through its callbacks.
        if (observed === undefined) queueMicrotask(() => instrument.removeCallback(callback));
      };
      instrument.addCallback(callback);
    };
    gauge("queue_size", "{batch}", "What the queue holds, in units of its sizer.", "size");
    gauge("queue_capacity", "{batch}", "What the queue can hold, in the same unit.", "capacity");
    gauge("queue_metric_points", "{datapoint}", "Data points in the queue.", "points");
    // A meter shows the last value for ever: the queue that is gone has to be seen as empty once.
    this.#unobserve = () => {
      observed = undefined;
    };
  }

  close(): void {
    this.#unobserve?.();
    this.#unobserve = undefined;
  }
}
