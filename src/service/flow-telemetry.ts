import type { Clock, Component, Consumer } from "../component/index.ts";
import type { Counter, Histogram, Logger, Meter, MeterAttributes } from "../telemetry/index.ts";
import type { NodeKind } from "./node.ts";
import { OwnTime } from "./own-time.ts";
import type { PortTelemetry } from "./port.ts";

/** From 10 µs, which a batch of known series takes, to a minute. */
const SECONDS = [
  0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60,
];

/**
 * What passes between components, counted where it passes: the Collector's `otelcol_processor_*_items`, and ours, which
 * make each edge of the graph add up. Attempts count, also those that are refused further down and come again.
 */
export class FlowTelemetry {
  readonly #incoming: Counter;
  readonly #outgoing: Counter;
  readonly #refused: Counter;
  readonly #redelivered: Counter;
  readonly #dropped: Counter;
  readonly #returned: Counter;
  readonly #duration: Histogram;
  readonly #clock: Pick<Clock, "monotonic">;
  /** Of the processor above a port. */
  readonly #times = new WeakMap<Consumer, OwnTime>();
  /** Errors that came back through a port are not the processor's own. */
  readonly #fromBelow = new WeakSet<object>();

  constructor(meter: Meter, clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
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
    this.#dropped = counter(
      "fanout_dropped_items",
      "Data points that others got and this branch did not, since it had not settled what it got before.",
    );
    this.#returned = counter(
      "fanout_returned_items",
      "Data points that others refused and this branch was not offered, since it had not settled what it got before: their sender has them.",
    );
    this.#duration = meter.createHistogram("otelcol_processor_internal_duration", {
      unit: "s",
      description: "Time that the processor itself took for what it was passed.",
      advice: { explicitBucketBoundaries: SECONDS },
    });
  }

  ofPort(kind: NodeKind, id: string, logger: Logger): PortTelemetry {
    const from = { component: id, kind };
    const attributes = attributesOf(id);
    // They begin at 0, so that `rate()` sees the first one; nothing leaves an exporter or an extension here.
    if (kind !== "exporter" && kind !== "extension") this.#redelivered.add(0, from);
    if (kind === "processor") this.#outgoing.add(0, attributes);
    return {
      outgoing: kind === "processor" ? (points) => this.#outgoing.add(points, attributes) : () => {},
      redelivered: (points) => this.#redelivered.add(points, from),
      late: (branch) =>
        logger.warn("A branch is slower than the others. It gets no more data until it has caught up.", {
          branch,
        }),
      dropped: (points, branch) => this.#dropped.add(points, { ...from, branch, reason: "late" }),
      returned: (points, branch) => this.#returned.add(points, { ...from, branch }),
      caughtUp: (branch) => logger.info("A branch that was slow has caught up.", { branch }),
    };
  }

  /** Tells a port's consumer apart from the component that calls it. */
  below(port: Consumer): Consumer {
    const time = this.#timeAbove(port);
    return {
      consume: async (batch) => {
        const back = time.leave();
        try {
          await port.consume(batch);
        } catch (error) {
          if (typeof error === "object" && error !== null) this.#fromBelow.add(error);
          throw error;
        } finally {
          back();
        }
      },
    };
  }

  /**
   * The processor as it is, with what enters it counted and its own time taken. `port`: what it hands on to; `holdsBack`:
   * it lets its callers wait, so that only what it does before that is its own time.
   */
  measured<Target extends Component & Partial<Consumer>>(
    target: Target,
    id: string,
    port: Consumer,
    holdsBack: boolean,
  ): Target {
    const attributes = attributesOf(id);
    const time = this.#timeAbove(port);
    this.#incoming.add(0, attributes);
    this.#refused.add(0, attributes);
    const measured: Component & Consumer = {
      start: (host) => target.start?.(host),
      shutdown: (drainMs) => target.shutdown?.(drainMs),
      consume: async (batch) => {
        // Whoever is next may give the buffers back, so it is asked now.
        const points = batch.pointCount;
        this.#incoming.add(points, attributes);
        let end: (() => number) | undefined = time.enter();
        const ended = () => {
          if (end !== undefined) this.#duration.record(end() / 1000, attributes);
          end = undefined;
        };
        try {
          const taking = target.consume?.(batch);
          if (holdsBack) ended();
          await taking;
        } catch (error) {
          if (!this.#isFromBelow(error)) this.#refused.add(points, attributes);
          throw error;
        } finally {
          ended();
        }
      },
    };
    return measured as Target;
  }

  #timeAbove(port: Consumer): OwnTime {
    let time = this.#times.get(port);
    if (time === undefined) {
      time = new OwnTime(() => this.#clock.monotonic());
      this.#times.set(port, time);
    }
    return time;
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
