import type { TestContext } from "node:test";
import { type Consumer, type Host, systemClock } from "../../../src/component/index.ts";
import type { MetricsBatch } from "../../../src/metrics/index.ts";
import otlp from "../../../src/receivers/otlp/index.ts";
import { harness, noHost } from "../../delivery/harness.ts";

export interface Received {
  /** What arrived, in its order. */
  readonly batches: MetricsBatch[];
  /** Decides about the next batches; the default takes everything. */
  answer: (batch: MetricsBatch) => Promise<void>;
}

/** A running receiver on free ports of the loopback interface, stopped at the end of the test. */
export async function startReceiver(
  t: Pick<TestContext, "after">,
  protocols: { readonly http?: object; readonly grpc?: object },
  host: Host = noHost,
) {
  const h = harness("otlp");
  const received: Received = { batches: [], answer: async () => {} };
  const next: Consumer = {
    async consume(batch) {
      received.batches.push(batch.resourceMetrics);
      await received.answer(batch.resourceMetrics);
    },
  };
  const onFreePort = (section: object | undefined) => section && { endpoint: "localhost:0", ...section };
  const config = otlp.config.parse({
    protocols: { http: onFreePort(protocols.http), grpc: onFreePort(protocols.grpc) },
  });
  const receiver = otlp.create({ ...h.settings, clock: systemClock, config, next });
  await receiver.start?.(host);
  t.after(() => receiver.shutdown?.(0));
  const addressOf = (message: string) =>
    String(h.logs.find((line) => line.message === message)?.fields["endpoint"]);
  return {
    receiver,
    received,
    logs: h.logs,
    http: addressOf("Starting HTTP server."),
    grpc: addressOf("Starting GRPC server."),
    metric: (name: string, attributes: Readonly<Record<string, unknown>> = {}) =>
      h.metric(name, attributes, "otelcol_receiver_"),
  };
}
