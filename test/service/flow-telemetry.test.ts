import assert from "node:assert/strict";
import { test } from "node:test";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import type { Component, Consumer } from "../../src/component/index.ts";
import { Batch } from "../../src/metrics/index.ts";
import { FlowTelemetry } from "../../src/service/flow-telemetry.ts";
import { gaugeBatch } from "../support/components.ts";

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** A processor that works for 2 ms at once, waits for 50 ms, and hands on to what takes 100 ms. */
async function ownSeconds(holdsBack: boolean): Promise<unknown> {
  let now = 0;
  const reader = new Reader();
  const meter = new MeterProvider({ readers: [reader] }).getMeter("test");
  const flow = new FlowTelemetry(meter, { monotonic: () => now });
  const port: Consumer = {
    async consume() {
      now += 100;
    },
  };
  const next = flow.below(port);
  const processor: Component & Consumer = {
    async consume(batch) {
      now += 2;
      await Promise.resolve();
      now += 50;
      await next.consume(batch);
    },
  };
  const batch = Batch.from(gaugeBatch("m", 1));
  await flow.measured(processor, "p", port, holdsBack).consume(batch);
  const { resourceMetrics } = await reader.collect();
  const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  const duration = metrics.find(({ descriptor }) => descriptor.name.endsWith("internal_duration"));
  return duration?.dataPoints.map(({ value }) => {
    const { count, sum } = value as { count: number; sum: number };
    return { count, sum };
  });
}

test("the own time of a processor that lets its callers wait is what it does before that", async () => {
  assert.deepEqual(await ownSeconds(false), [{ count: 1, sum: 0.052 }]);
  assert.deepEqual(await ownSeconds(true), [{ count: 1, sum: 0.002 }]);
});
