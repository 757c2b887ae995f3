import type { Meter, MeterAttributes } from "../telemetry/index.ts";
import type { DeliveryOptions } from "./delivery-options.ts";
import type { KnownError } from "./error-type.ts";
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

type TelemetryOptions = Pick<
  DeliveryOptions<never>,
  "attributes" | "queue" | "retry" | "knownErrors" | "leavesOut"
>;

/** That need no protocol. */
const OWN_ERRORS: readonly KnownError[] = [
  { type: "Deadline_Exceeded", permanent: false },
  { type: "_OTHER", permanent: false },
];

/**
 * The exporter metrics of the Collector, and four of ours: `otelcol_exporter_dropped_metric_points` by reason,
 * `otelcol_exporter_queue_metric_points`, `otelcol_exporter_queue_restored_metric_points` and
 * `otelcol_exporter_queue_left_metric_points`. With a queue, every point that `consume` accepted or that was restored is
 * in exactly one of sent, dropped, queue_metric_points and left at any time. Counters of what goes wrong begin at 0, so
 * that a rate sees the first loss.
 */
export class ExporterTelemetry {
  readonly #attributes: MeterAttributes;
  readonly #addSent;
  readonly #addFailed;
  readonly #addEnqueueFailed;
  readonly #addDropped;
  readonly #addRestored;
  readonly #addLeft;
  readonly #addInFlight;
  readonly #recordEnqueued;
  readonly #recordTaken;
  #unobserve: (() => void) | undefined;
  readonly #meter: Meter;

  constructor(meter: Meter, id: string, exporter: TelemetryOptions) {
    const counter = (name: string, description: string) =>
      meter.createCounter(`otelcol_exporter_${name}`, { unit: "{datapoint}", description });
    this.#meter = meter;
    this.#attributes = { exporter: id, ...exporter.attributes };
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
    this.#addLeft = counter(
      "queue_left_metric_points",
      "Data points that stayed in the queue's storage when the queue had come to its end.",
    );
    this.#recordEnqueued = sizeHistograms(meter, "enqueue_size", "put into the queue");
    this.#recordTaken = sizeHistograms(meter, "queue_batch_send_size", "taken from the queue to be sent");
    this.#addInFlight = meter.createUpDownCounter("otelcol_exporter_in_flight_requests", {
      unit: "{request}",
      description: "Requests being sent or waiting for their retry.",
    });
    this.#beginAtZero(exporter);
  }

  #beginAtZero({ queue, retry, knownErrors = [], leavesOut = false }: TelemetryOptions): void {
    const drops = queue !== undefined && !queue.wait_for_result;
    const reasons: Readonly<Record<DropReason, boolean>> = {
      permanent: drops,
      retries_exhausted: drops && retry?.max_elapsed_time !== 0,
      partial_success: true,
      shutdown: drops && queue.storage === undefined,
      unsupported: leavesOut,
      oversized: (queue?.batch?.max_size ?? 0) > 0,
      unreadable: queue?.storage !== undefined,
    };
    for (const [reason, isKnown] of Object.entries(reasons)) {
      if (isKnown) this.#addDropped.add(0, { ...this.#attributes, reason });
    }
    for (const { type, permanent } of [...OWN_ERRORS, ...knownErrors]) this.sendFailed(0, type, permanent);
    this.#addSent.add(0, this.#attributes);
    if (queue === undefined) return;
    this.#addEnqueueFailed.add(0, this.#attributes);
    if (queue.storage === undefined) return;
    this.#addRestored.add(0, this.#attributes);
    this.#addLeft.add(0, this.#attributes);
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

  left(points: number): void {
    if (points > 0) this.#addLeft.add(points, this.#attributes);
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
