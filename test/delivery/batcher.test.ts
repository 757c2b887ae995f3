import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { clientContext, PermanentError, RetryableError } from "../../src/component/index.ts";
import {
  DeliveryChain,
  type DeliveryRequest,
  retrySchema,
  type SendingQueueConfig,
  sendingQueueSchema,
} from "../../src/delivery/index.ts";
import { splitBatch } from "../../src/delivery/split-batch.ts";
import { Batch, type MetricsBatch } from "../../src/metrics/index.ts";
import { metricsBatch } from "../support/metrics-arbitraries.ts";
import { gauges, harness, noHost } from "./harness.ts";

interface Collected extends DeliveryRequest {
  readonly batches: readonly Batch[];
}

interface Options {
  readonly queue?: Partial<SendingQueueConfig>;
  readonly send?: (request: Collected) => Promise<void>;
  readonly encode?: (batches: readonly Batch[]) => void;
}

const POINT_BYTES = 10;

/** A chain that has been started; `sent` gets the points of each batch of each request. */
async function chainWith(
  batch: Readonly<Record<string, unknown>>,
  { queue = {}, send, encode }: Options = {},
) {
  const h = harness();
  const sent: number[][] = [];
  const chain = new DeliveryChain<Collected>({
    settings: h.settings,
    queue: { ...sendingQueueSchema.parse({ batch }), ...queue },
    retry: retrySchema.parse({}),
    timeoutMs: 0,
    async encode(batches) {
      encode?.(batches);
      const points = batches.reduce((sum, { pointCount }) => sum + pointCount, 0);
      return { batches, points, bytes: points * POINT_BYTES };
    },
    async send(request) {
      await send?.(request);
      sent.push(request.batches.map(({ pointCount }) => pointCount));
    },
    measure: ({ pointCount }) => pointCount * POINT_BYTES,
  });
  await chain.start(noHost);
  return { ...h, chain, sent };
}

test("data waits until there is enough of it, and goes out as one request in the order it came", async () => {
  const { chain, sent, clock } = await chainWith({ min_size: 10, flush_timeout: "1000ms" });
  const consumed = [3, 4, 2].map((points) => chain.consume(gauges(points)));
  await setImmediate();
  assert.deepEqual(sent, []);
  consumed.push(chain.consume(gauges(1)));
  await Promise.all(consumed);
  await setImmediate();
  assert.deepEqual(sent, [[3, 4, 2, 1]]);
  assert.equal(clock.pendingTimers, 0);
  await chain.shutdown(1000);
});

test("what is not enough goes out after flush_timeout, counted from the first of it", async () => {
  const { chain, sent, clock } = await chainWith({ min_size: 100, flush_timeout: "200ms" });
  const first = chain.consume(gauges(1));
  await clock.advance(150);
  const second = chain.consume(gauges(2));
  await clock.advance(49);
  assert.deepEqual(sent, []);
  await clock.advance(1);
  await Promise.all([first, second]);
  assert.deepEqual(sent, [[1, 2]]);
  const third = chain.consume(gauges(3));
  await clock.advance(200);
  await third;
  assert.deepEqual(sent, [[1, 2], [3]]);
  await chain.shutdown(1000);
});

test("what comes while a request is being made waits for the next one, without a timer of its own being lost", async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { chain, sent, clock } = await chainWith(
    { min_size: 5, flush_timeout: "200ms" },
    { queue: { queue_size: 1, block_on_overflow: true, num_consumers: 1 }, send: () => gate },
  );
  const first = chain.consume(gauges(5));
  await setImmediate();
  // The queue is full: this one is being handed on, and the next one finds that under way.
  const second = chain.consume(gauges(6));
  await setImmediate();
  const third = chain.consume(gauges(2));
  await clock.advance(200);
  release();
  await Promise.all([first, second, third]);
  await setImmediate();
  assert.deepEqual(sent, [[5], [6], [2]]);
  await chain.shutdown(1000);
});

test("no request is larger than max_size; nothing is lost or out of order", async () => {
  const { chain, sent } = await chainWith({ min_size: 10, max_size: 10 });
  await Promise.all([4, 5, 3, 25, 1].map((points) => chain.consume(gauges(points))));
  await chain.shutdown(1000);
  const sizes = sent.map((groups) => groups.reduce((sum, points) => sum + points, 0));
  assert.equal(Math.max(...sizes) <= 10, true, String(sizes));
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    38,
  );
  assert.deepEqual(sent[0], [4, 5]);
});

test("sizes can be bytes; a point that is too large by itself is dropped and counted, the others arrive", async () => {
  const { chain, sent, metric } = await chainWith({ min_size: 30, max_size: 30, sizer: "bytes" });
  await chain.consume(gauges(7));
  await chain.shutdown(1000);
  assert.deepEqual(sent, [[2], [2], [3]]);
  assert.equal(await metric("dropped_metric_points"), 0);

  const small = await chainWith({ min_size: 5, max_size: 9, sizer: "bytes" });
  await small.chain.consume(gauges(3));
  assert.equal(await small.metric("dropped_metric_points", { reason: "oversized" }), 3);
  assert.deepEqual(small.sent, []);
  await small.chain.shutdown(1000);
});

test("when the queue has no room for all of it, none of it is taken and every sender hears so", async () => {
  const { chain, sent, metric, clock } = await chainWith(
    { min_size: 20, max_size: 20 },
    { queue: { queue_size: 2, num_consumers: 1 }, send: () => new Promise(() => {}) },
  );
  await chain.consume(gauges(20));
  await setImmediate();
  const results = await Promise.allSettled([15, 15].map((points) => chain.consume(gauges(points))));
  for (const result of results) {
    assert.equal(result.status, "rejected");
    assert.ok(result.reason instanceof RetryableError);
  }
  assert.equal(await metric("enqueue_failed_metric_points"), 30);
  assert.equal(await metric("queue_size"), 1);
  assert.deepEqual(sent, []);
  const ended = assert.rejects(chain.shutdown(0), /20 data points were lost/);
  await clock.advance(0);
  await ended;
});

test("one batch that cannot be encoded does not take the others with it", async () => {
  const bad = gauges(3);
  const { chain, sent, metric } = await chainWith(
    { min_size: 10 },
    {
      encode: (batches) => {
        if (batches.includes(bad)) throw new TypeError("not a number");
      },
    },
  );
  const results = await Promise.allSettled([gauges(4), bad, gauges(5)].map((batch) => chain.consume(batch)));
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  await chain.shutdown(1000);
  assert.deepEqual(sent, [[4], [5]]);
  assert.equal(await metric("enqueue_failed_metric_points"), 3);
});

test("with wait_for_result each sender waits for its request, and requests do not wait for each other", async () => {
  const calls: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const { chain } = await chainWith(
    { min_size: 1 },
    {
      queue: { wait_for_result: true },
      send: () => new Promise((resolve, reject) => calls.push({ resolve, reject })),
    },
  );
  const first = chain.consume(gauges(1));
  await setImmediate();
  const second = chain.consume(gauges(2));
  await setImmediate();
  assert.equal(calls.length, 2);
  calls[1]?.resolve();
  await second;
  calls[0]?.reject(new PermanentError("no"));
  await assert.rejects(first, /no/);
  await chain.shutdown(1000);
});

test("a shutdown hands on what was still waiting", async () => {
  const { chain, sent, clock } = await chainWith({ min_size: 1000, flush_timeout: "60000ms" });
  const consumed = [1, 2].map((points) => chain.consume(gauges(points)));
  await setImmediate();
  await chain.shutdown(1000);
  await Promise.all(consumed);
  assert.deepEqual(sent, [[1, 2]]);
  assert.equal(clock.pendingTimers, 0);
  await assert.rejects(chain.consume(gauges(1)), /the exporter shuts down/);
});

test("what still waits for more is taken back when its sender is gone", async () => {
  const { chain, clock, sent } = await chainWith({ min_size: 10 });
  const sender = new AbortController();
  const leaving = clientContext.run({ gone: sender.signal }, () => chain.consume(gauges(6)));
  const refused = assert.rejects(leaving, /the sender is gone/);
  const staying = chain.consume(gauges(3));
  sender.abort();
  await refused;
  await clock.advance(200);
  await staying;
  await chain.shutdown(1000);
  assert.deepEqual(sent, [[3]]);
});

test("a shutdown does not wait for room in a queue that nobody empties", async () => {
  const { chain, clock } = await chainWith(
    { min_size: 1000, flush_timeout: "60000ms" },
    { queue: { queue_size: 1, block_on_overflow: true }, send: () => Promise.reject(new Error("down")) },
  );
  const first = chain.consume(gauges(1000));
  await first;
  const refused = assert.rejects(chain.consume(gauges(3)), RetryableError);
  await setImmediate();
  const ended = assert.rejects(chain.shutdown(1000), /1000 data points were lost/);
  await clock.advance(1000);
  await ended;
  await refused;
});

test("a batch is split into pieces with its points in order, always the same layouts", () => {
  fc.assert(
    fc.property(metricsBatch, fc.integer({ min: 1, max: 8 }), (objects: MetricsBatch, count) => {
      const batch = Batch.from(objects);
      const pieces = splitBatch(batch, count);
      assert.deepEqual(pieces.flatMap(pointsOf), pointsOf(batch));
      assert.equal(
        pieces.reduce((sum, { pointCount }) => sum + pointCount, 0),
        batch.pointCount,
      );
      const again = splitBatch(Batch.fromColumns(batch.layout, batch.column), count);
      assert.deepEqual(
        again.map(({ layout }) => layout),
        pieces.map(({ layout }) => layout),
      );
      for (const [i, { layout }] of again.entries()) assert.equal(layout, pieces[i]?.layout);
      if (batch.pointCount === 0) return;
      const largest = Math.max(...pieces.map(({ pointCount }) => pointCount));
      assert.ok(largest <= Math.ceil(seriesOf(batch) / Math.min(count, seriesOf(batch))));
    }),
  );
});

function seriesOf({ layout }: Batch): number {
  return layout.resources
    .flatMap(({ scopes }) => scopes)
    .flatMap(({ metrics }) => metrics)
    .reduce((sum, { attributes }) => sum + attributes.length, 0);
}

/** Every point with all that it belongs to. */
function pointsOf({ resourceMetrics }: Batch): unknown[] {
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ scope, metrics }) =>
      metrics.flatMap(({ dataPoints, ...metric }) =>
        dataPoints.map((point) => ({ resource, scope, metric, point })),
      ),
    ),
  );
}
