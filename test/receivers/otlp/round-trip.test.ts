import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { type Component, type Consumer, systemClock } from "../../../src/component/index.ts";
import otlpGrpc from "../../../src/exporters/otlp-grpc/index.ts";
import otlpHttp from "../../../src/exporters/otlp-http/index.ts";
import { Batch, type MetricsBatch } from "../../../src/metrics/index.ts";
import { harness, noHost } from "../../delivery/harness.ts";
import { everyKindBatch } from "../../support/batches.ts";
import { metricsBatch } from "../../support/metrics-arbitraries.ts";
import { startReceiver } from "./support.ts";

const direct = { sending_queue: { enabled: false }, retry_on_failure: { enabled: false } };

function countPoints(batch: MetricsBatch): number {
  return Batch.from(batch).pointCount;
}

/** The same batch as one that has only a layout and a column. */
function columnar(objects: MetricsBatch): Batch {
  const { layout, column } = Batch.from(objects);
  return Batch.fromColumns(layout, column);
}

describe("what the exporters send the receiver hands on as it was", () => {
  const cleanups: (() => unknown)[] = [];
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  before(async () => {
    receiver = await startReceiver(
      { after: (fn) => void cleanups.push(fn as () => unknown) },
      { http: {}, grpc: {} },
    );
  });
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  async function exporterOf(name: string): Promise<Component & Consumer> {
    const { settings } = harness(name);
    const common = { ...settings, clock: systemClock };
    const [protocol, encoding, compression] = name.split(" ");
    const exporter =
      protocol === "grpc"
        ? otlpGrpc.create({
            ...common,
            config: otlpGrpc.config.parse({
              ...direct,
              endpoint: receiver.grpc,
              compression,
              tls: { insecure: true },
            }),
          })
        : otlpHttp.create({
            ...common,
            config: otlpHttp.config.parse({
              ...direct,
              endpoint: `http://${receiver.http}`,
              compression,
              encoding,
            }),
          });
    await exporter.start?.(noHost);
    cleanups.push(() => exporter.shutdown?.(0));
    return exporter;
  }

  const ways = ["http proto gzip", "http proto zstd", "http json none", "grpc proto gzip", "grpc proto none"];
  for (const way of ways) {
    test(way, async () => {
      const exporter = await exporterOf(way);
      const { batches } = receiver.received;
      await fc.assert(
        fc.asyncProperty(metricsBatch, fc.boolean(), async (batch, columns) => {
          // Without points there is nothing to hand on.
          fc.pre(countPoints(batch) > 0);
          batches.length = 0;
          await exporter.consume(columns ? columnar(batch) : Batch.from(batch));
          assert.deepEqual(batches, [batch]);
        }),
        { numRuns: 60 },
      );
      batches.length = 0;
      await exporter.consume(Batch.from(everyKindBatch()));
      assert.equal(countPoints(batches[0] ?? []), countPoints(everyKindBatch()));
    });
  }
});
