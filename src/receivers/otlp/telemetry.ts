import type { Meter } from "../../telemetry/index.ts";

export type Transport = "http" | "grpc";

const outcomes = ["success", "refused", "failure"] as const;

/** What became of a request: taken, not taken by what comes after the receiver, or no OTLP at all. */
export type Outcome = (typeof outcomes)[number];

export interface IntakeTelemetry {
  /** A request with so many points, of which `refused` were not taken. */
  readonly request: (transport: Transport, outcome: Outcome, accepted: number, refused: number) => void;
}

/** The Collector's receiver metrics. Those of `transports` begin at 0, so that `rate()` sees the first refusal. */
export function createTelemetry(
  meter: Meter,
  receiver: string,
  transports: readonly Transport[],
): IntakeTelemetry {
  const counter = (name: string, unit: string, description: string) =>
    meter.createCounter(`otelcol_receiver_${name}`, { unit, description });
  const accepted = counter("accepted_metric_points", "{datapoint}", "Data points that the pipeline took.");
  const refused = counter(
    "refused_metric_points",
    "{datapoint}",
    "Data points that the pipeline did not take; the sender was told.",
  );
  const requests = counter("requests", "{request}", "Requests, by what became of them.");
  for (const transport of transports) {
    accepted.add(0, { receiver, transport });
    refused.add(0, { receiver, transport });
    for (const outcome of outcomes) requests.add(0, { receiver, transport, outcome });
  }
  return {
    request(transport, outcome, acceptedPoints, refusedPoints) {
      const attributes = { receiver, transport };
      if (acceptedPoints > 0) accepted.add(acceptedPoints, attributes);
      if (refusedPoints > 0) refused.add(refusedPoints, attributes);
      requests.add(1, { ...attributes, outcome });
    },
  };
}
