import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createNoopMeter } from "@opentelemetry/api";
import fc from "fast-check";
import {
  type Component,
  type Consumer,
  PartialError,
  PermanentError,
  RetryableError,
  systemClock,
} from "../../../src/component/index.ts";
import { Batch, type Layout, type MetricsBatch } from "../../../src/metrics/index.ts";
import batchDefinition from "../../../src/processors/batch/index.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { metricsBatch } from "../../support/metrics-arbitraries.ts";

interface Rig {
  readonly processor: Component & Consumer;
  readonly received: Batch[];
  /** Public views, taken while the batch is lent. */
  readonly views: MetricsBatch[];
  readonly timers: (() => void)[];
  next: (batch: Batch) => Promise<void>;
}

function rig(config: Record<string, unknown> = {}): Rig {
  const timers: (() => void)[] = [];
  const it: Rig = {
    received: [],
    views: [],
    timers,
    next: async () => {},
    processor: batchDefinition.create({
      id: "batch",
      config: batchDefinition.config.parse(config),
      logger: silentLogger,
      meter: createNoopMeter(),
      clock: {
        ...systemClock,
        schedule(_delay, task) {
          timers.push(task);
          return () => timers.splice(timers.indexOf(task), 1);
        },
      },
      reportStatus() {},
      build: { command: "test", version: "0" },
      next: {
        async consume(batch) {
          it.received.push(batch);
          it.views.push(structuredClone(batch.resourceMetrics) as MetricsBatch);
          await it.next(batch);
        },
      },
    }),
  };
  return it;
}

/** A batch of one gauge with `points` series. */
function gauge(name: string, points: number, value = 1): Batch {
  return Batch.from([
    {
      resource: { attributes: { "service.name": name } },
      scopeMetrics: [
        {
          scope: { name: "test" },
          metrics: [
            {
              descriptor: { name, description: "", unit: "1", valueType: 1 },
              aggregationTemporality: 1,
              dataPointType: 2,
              dataPoints: Array.from({ length: points }, (_, i) => ({
                startTime: [0, 0] as [number, number],
                endTime: [1, 0] as [number, number],
                attributes: { i: String(i) },
                value: value + i,
              })),
            },
          ],
        },
      ],
    },
  ]);
}

const sizes = ({ received }: Rig) => received.map(({ pointCount }) => pointCount);
const state = async (promise: Promise<void>) =>
  await Promise.race([
    promise.then(
      () => "taken",
      (error: Error) => error.name,
    ),
    new Promise((resolve) => setImmediate(() => setImmediate(() => resolve("waiting")))),
  ]);

describe("batch", () => {
  test("collects until there is enough, and everybody waits until it was taken", async () => {
    const it = rig({ send_batch_size: 10 });
    const release = Promise.withResolvers<void>();
    it.next = () => release.promise;
    const first = it.processor.consume(gauge("a", 4));
    assert.equal(await state(first), "waiting");
    assert.deepEqual(sizes(it), []);
    const second = it.processor.consume(gauge("b", 6));
    assert.equal(await state(second), "waiting");
    assert.deepEqual(sizes(it), [10]);
    release.resolve();
    await Promise.all([first, second]);
    assert.equal(it.timers.length, 0);
  });

  test("hands on after the timeout, at a shutdown, and at once with timeout 0", async () => {
    const it = rig();
    const first = it.processor.consume(gauge("a", 1));
    it.timers[0]?.();
    await first;
    const second = it.processor.consume(gauge("a", 2));
    await it.processor.shutdown?.(0);
    await second;
    assert.deepEqual(sizes(it), [1, 2]);
    const now = rig({ timeout: 0 });
    await now.processor.consume(gauge("a", 1));
    assert.deepEqual(sizes(now), [1]);
  });

  test("splits what is larger than send_batch_max_size", async () => {
    const it = rig({ send_batch_size: 10, send_batch_max_size: 10 });
    await Promise.all([it.processor.consume(gauge("a", 4)), it.processor.consume(gauge("b", 27))]);
    assert.ok(
      sizes(it).every((size) => size <= 10),
      `${sizes(it)}`,
    );
    assert.equal(
      sizes(it).reduce((sum, size) => sum + size, 0),
      31,
    );
    const values = it.views
      .flat()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
      .filter(({ descriptor }) => descriptor.name === "b")
      .flatMap(({ dataPoints }) => dataPoints.map(({ value }) => value));
    assert.deepEqual(
      values,
      Array.from({ length: 27 }, (_, i) => i + 1),
    );
  });

  test("a refusal goes to all whose data was in the batch", async () => {
    const it = rig({ send_batch_size: 2 });
    it.next = () => Promise.reject(new RetryableError("queue is full"));
    const both = [it.processor.consume(gauge("a", 1)), it.processor.consume(gauge("b", 1))];
    assert.deepEqual(await Promise.all(both.map(state)), ["RetryableError", "RetryableError"]);
  });

  test("what is refused for good is tried one by one", async () => {
    const it = rig({ send_batch_size: 3 });
    it.next = async (batch) => {
      const names = batch.resourceMetrics.map(({ resource }) => resource.attributes["service.name"]);
      if (names.includes("bad")) throw new PermanentError("cannot be encoded");
    };
    const all = ["a", "bad", "c"].map((name) => it.processor.consume(gauge(name, 1)));
    assert.deepEqual(await Promise.all(all.map(state)), ["taken", "PermanentError", "taken"]);
  });

  test("a partial success is passed on, no point of it twice", async () => {
    const it = rig({ send_batch_size: 5 });
    it.next = () => Promise.reject(new PartialError("no", 4));
    const results = await Promise.allSettled([
      it.processor.consume(gauge("a", 3)),
      it.processor.consume(gauge("b", 2)),
    ]);
    const rejected = results.map((result) =>
      result.status === "rejected" && result.reason instanceof PartialError ? result.reason.rejected : 0,
    );
    assert.deepEqual(rejected, [3, 1]);
  });

  test("a batch of which a piece was refused for good says how much", async () => {
    const it = rig({ send_batch_size: 10, send_batch_max_size: 10 });
    let calls = 0;
    it.next = async () => {
      if (calls++ === 0) throw new PermanentError("no");
    };
    const error = await it.processor.consume(gauge("a", 20)).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof PartialError);
    assert.equal(error.rejected, 10);
  });

  test("what comes out is what came in, whatever it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(metricsBatch, { minLength: 1, maxLength: 4 }), async (batches) => {
        const it = rig({ send_batch_size: 1_000_000 });
        const waiting = batches.map((objects) =>
          it.processor.consume(Batch.fromColumns(Batch.from(objects).layout, Batch.from(objects).column)),
        );
        await it.processor.shutdown?.(0);
        await Promise.all(waiting);
        const resources = (all: readonly MetricsBatch[]) =>
          all
            .flat()
            .filter(({ scopeMetrics }) =>
              scopeMetrics.some(({ metrics }) => metrics.some(({ dataPoints }) => dataPoints.length > 0)),
            );
        const expected = batches.filter((objects) => Batch.from(objects).pointCount > 0);
        const whole = expected.map(
          (objects) =>
            structuredClone(
              Batch.fromColumns(Batch.from(objects).layout, Batch.from(objects).column).resourceMetrics,
            ) as MetricsBatch,
        );
        assert.deepEqual(resources(it.views), resources(whole));
      }),
      { numRuns: 60 },
    );
  });

  test("the same sources give the same layout, in whatever order they come", async () => {
    const it = rig({ send_batch_size: 4 });
    const a = gauge("a", 2);
    const b = gauge("b", 2);
    await Promise.all([it.processor.consume(a), it.processor.consume(b)]);
    await Promise.all([it.processor.consume(b), it.processor.consume(a)]);
    const layouts = new Set<Layout>(it.received.map(({ layout }) => layout));
    assert.equal(layouts.size, 1);
  });

  test("a maximum below the size is refused", () => {
    assert.throws(
      () => batchDefinition.config.parse({ send_batch_size: 10, send_batch_max_size: 5 }),
      /must be greater or equal to send_batch_size \(10\), got 5/,
    );
  });
});
