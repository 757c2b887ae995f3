import type { Component, Consumer } from "../component/index.ts";
import type { Counter, Meter, MeterAttributes } from "../telemetry/index.ts";
import type { NodeKind } from "./node.ts";
import type { PortTelemetry } from "./port.ts";

/**
 * What passes between components, counted where it passes: the Collector's `otelcol_processor_*_items`, and ours, which
 * make each edge of the graph add up. Attempts count, also those that are refused further down and come again.
 */
export class FlowTelemetry {
  readonly #incoming: Counter;
  readonly #outgoing: Counter;
  readonly #refused: Counter;
  readonly #redelivered: Counter;
  /** Errors that came back through a port are not the processor's own. */
  readonly #fromBelow = new WeakSet<object>();

  constructor(meter: Meter) {
    const counter = (name: string, description: string) =>
      meter.createCounter(`otelcol_${name}`, { unit: "{item}", description });
    this.#incoming = counter("processor_incoming_items", "Data points passed to the processor.");
    this.#outgoing = counter("processor_outgoing_items", "Data points that the processor passed on.");
    this.#refused = counter(
      "processor_refused_items",
      "Data points that the processor itself refused or failed to process.",
    );
    this.#redelivered = counter(
      "reload_redelivered_items",
      "Data points offered once more to components that a reload put in the place of others, a count for each.",
    );
  }

  ofPort(kind: NodeKind, id: string): PortTelemetry {
    const redelivered = (points: number, targets: number) =>
      this.#redelivered.add(points * targets, { component: id, kind });
    if (kind !== "processor") return { outgoing() {}, redelivered };
    const attributes = attributesOf(id);
    return { outgoing: (points) => this.#outgoing.add(points, attributes), redelivered };
  }

  /** Tells a port's consumer apart from the component that calls it. */
  below(port: Consumer): Consumer {
    return {
      consume: async (batch) => {
        try {
          await port.consume(batch);
        } catch (error) {
          if (typeof error === "object" && error !== null) this.#fromBelow.add(error);
          throw error;
        }
      },
    };
  }

  /** The processor as it is, with what enters it counted. */
  measured<Target extends Component & Partial<Consumer>>(target: Target, id: string): Target {
    const attributes = attributesOf(id);
    const measured: Component & Consumer = {
      start: (host) => target.start?.(host),
      shutdown: (drainMs) => target.shutdown?.(drainMs),
      consume: async (batch) => {
        // Whoever is next may give the buffers back, so it is asked now.
        const points = batch.pointCount;
        this.#incoming.add(points, attributes);
        try {
          await target.consume?.(batch);
        } catch (error) {
          if (!this.#isFromBelow(error)) this.#refused.add(points, attributes);
          throw error;
        }
      },
    };
    return measured as Target;
  }

  #isFromBelow(error: unknown): boolean {
    for (let current = error; typeof current === "object" && current !== null; ) {
      if (this.#fromBelow.has(current)) return true;
      current = (current as { readonly cause?: unknown }).cause;
    }
    return false;
  }
}

function attributesOf(id: string): MeterAttributes {
  return { processor: id, "otel.signal": "metrics" };
}
