import type { Counter, Gauge, Meter } from "../telemetry/index.ts";

/** What the room tells of itself, with the attributes of the component that uses it. */
export class KubernetesTelemetry {
  readonly #attributes: Readonly<Record<string, string>>;
  readonly #lists: Counter;
  readonly #events: Counter;
  readonly #failures: Counter;
  readonly #objects: Gauge;

  /** @param attributes such as `{ receiver: "kubevirt_handler" }` */
  constructor(meter: Meter, attributes: Readonly<Record<string, string>>) {
    this.#attributes = attributes;
    this.#lists = meter.createCounter("otelcol_kubernetes_lists", {
      unit: "{list}",
      description:
        "Complete lists of objects, by resource and reason (initial, or why the watch could not go on).",
    });
    this.#events = meter.createCounter("otelcol_kubernetes_watch_events", {
      unit: "{event}",
      description: "Events received from watches, by resource and type.",
    });
    this.#failures = meter.createCounter("otelcol_kubernetes_request_failures", {
      unit: "{request}",
      description: "Lists and watches that failed, by resource, verb and reason.",
    });
    this.#objects = meter.createGauge("otelcol_kubernetes_objects", {
      unit: "{object}",
      description: "Objects known at the moment, by resource and namespace (empty for all).",
    });
  }

  listed(resource: string, reason: string): void {
    this.#lists.add(1, { ...this.#attributes, resource, reason });
  }

  event(resource: string, type: string): void {
    this.#events.add(1, { ...this.#attributes, resource, type });
  }

  failed(resource: string, verb: string, reason: string): void {
    this.#failures.add(1, { ...this.#attributes, resource, verb, reason });
  }

  objects(resource: string, namespace: string, count: number): void {
    this.#objects.record(count, { ...this.#attributes, resource, namespace });
  }
}
