import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { clientContext, PartialError, PermanentError, RetryableError } from "../../src/component/index.ts";
import {
  DeliveryChain,
  type DeliveryOptions,
  type DeliveryRequest,
  RemainderError,
  type RetryConfig,
  retrySchema,
  type SendingQueueConfig,
  sendingQueueSchema,
} from "../../src/delivery/index.ts";
import { errorText } from "../../src/errors/index.ts";
import type { Batch } from "../../src/metrics/index.ts";
import { gauges, harness, noHost } from "./harness.ts";

type Send = DeliveryOptions<DeliveryRequest>["send"];

interface ChainOptions {
  readonly queue?: Partial<SendingQueueConfig> | false;
  readonly retry?: Partial<RetryConfig> | false;
  readonly timeoutMs?: number;
  readonly random?: () => number;
  readonly encode?: (batches: readonly Batch[]) => DeliveryRequest | Promise<DeliveryRequest>;
}

const encode = (batches: readonly Batch[]): DeliveryRequest => {
  const points = batches.reduce((sum, { pointCount }) => sum + pointCount, 0);
  return { points, bytes: points * 10 };
};

function chainOf(send: Send, options: ChainOptions = {}) {
  const h = harness();
  const { queue = {}, retry = {}, timeoutMs = 30_000, random = () => 0.5 } = options;
  const chain = new DeliveryChain<DeliveryRequest>({
    settings: h.settings,
    queue: queue === false ? undefined : { ...sendingQueueSchema.parse({}), ...queue },
    retry: retry === false ? undefined : { ...retrySchema.parse({}), ...retry },
    timeoutMs,
    encode: options.encode ?? encode,
    send,
    random,
    errorTypeOf: (error) => (error instanceof TypeError ? error.name : undefined),
  });
  return { ...h, chain };
}

/** A send that each call answers by hand. */
function manualBackend() {
  const calls: { request: DeliveryRequest; resolve: () => void; reject: (error: Error) => void }[] = [];
  const send: Send = (request) => new Promise((resolve, reject) => calls.push({ request, resolve, reject }));
  return { calls, send };
}

const down: Send = () => Promise.reject(new Error("connection refused"));
const up: Send = () => Promise.resolve();
const never = new AbortController().signal;

test("consume settles when the request is queued, and it is sent once", async () => {
  const { calls, send } = manualBackend();
  const { chain, metric } = chainOf(send);
  await chain.start(noHost);
  await chain.consume(gauges(3));
  await setImmediate();
  assert.equal(calls.length, 1);
  assert.equal(await metric("sent_metric_points"), 0);
  assert.equal(await metric("queue_size"), 1);
  assert.equal(await metric("queue_metric_points"), 3);
  assert.equal(await metric("queue_capacity"), 1000);
  assert.equal(await metric("in_flight_requests"), 1);
  calls[0]?.resolve();
  await setImmediate();
  assert.equal(await metric("sent_metric_points", { exporter: "otlp_http" }), 3);
  assert.equal(await metric("queue_size"), 0);
  assert.equal(await metric("in_flight_requests"), 0);
  await chain.shutdown(30_000);
});

test("an empty batch is accepted and not sent", async () => {
  const { calls, send } = manualBackend();
  const { chain } = chainOf(send);
  await chain.start(noHost);
  await chain.consume(gauges());
  await chain.shutdown(30_000);
  assert.equal(calls.length, 0);
});

test("requests start in the order they came, at most num_consumers at a time", async () => {
  const { calls, send } = manualBackend();
  const { chain } = chainOf(send, { queue: { num_consumers: 2 } });
  await chain.start(noHost);
  for (const points of [1, 2, 3, 4]) await chain.consume(gauges(points));
  await setImmediate();
  assert.deepEqual(
    calls.map(({ request }) => request.points),
    [1, 2],
  );
  calls[1]?.resolve();
  await setImmediate();
  assert.deepEqual(
    calls.map(({ request }) => request.points),
    [1, 2, 3],
  );
  calls[0]?.resolve();
  calls[2]?.resolve();
  await setImmediate();
  calls[3]?.resolve();
  await chain.shutdown(30_000);
});

test("consumers come as requests do: any number of them may be allowed, and all are used", async () => {
  const { calls, send } = manualBackend();
  const { chain, metric, clock } = chainOf(send, { queue: { num_consumers: 1e9, queue_size: 1000 } });
  await chain.start(noHost);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 300; i++) await chain.consume(gauges(1));
    await setImmediate();
    assert.equal(calls.length, 300);
    for (const { resolve } of calls.splice(0)) resolve();
    await setImmediate();
  }
  assert.equal(await metric("sent_metric_points"), 900);
  await chain.shutdown(0);
  assert.equal(clock.pendingTimers, 0);
});

test("what may go wrong is counted from 0 on", async () => {
  const { chain, counters } = chainOf(up);
  assert.deepEqual(await counters(), [
    "dropped_metric_points partial_success 0",
    "dropped_metric_points permanent 0",
    "dropped_metric_points retries_exhausted 0",
    "dropped_metric_points shutdown 0",
    "enqueue_failed_metric_points 0",
    "send_failed_metric_points Deadline_Exceeded 0",
    "send_failed_metric_points _OTHER 0",
    "sent_metric_points 0",
  ]);
  await chain.shutdown(0);
  const persistent = chainOf(up, {
    queue: { storage: "file_storage", batch: { flush_timeout: 1, min_size: 1, max_size: 1, sizer: "items" } },
    retry: { max_elapsed_time: 0 },
  });
  const others = (await persistent.counters()).filter((name) => /dropped|^queue_/.test(name));
  assert.deepEqual(others, [
    "dropped_metric_points oversized 0",
    "dropped_metric_points partial_success 0",
    "dropped_metric_points permanent 0",
    "dropped_metric_points unreadable 0",
    "queue_left_metric_points 0",
    "queue_restored_metric_points 0",
  ]);
  const none = chainOf(up, { queue: false });
  assert.deepEqual(
    (await none.counters()).filter((name) => /dropped|enqueue/.test(name)),
    ["dropped_metric_points partial_success 0"],
  );
});

test("failures are retried with growing intervals until the backend is back: nothing is lost", async () => {
  const attempts: number[] = [];
  let backendUp = false;
  const { chain, clock, metric, statuses, logs } = chainOf(() => {
    attempts.push(clock.now());
    return backendUp ? Promise.resolve() : Promise.reject(new Error("connection refused"));
  });
  await chain.start(noHost);
  await chain.consume(gauges(7));
  await clock.advance(5000 + 7500 + 11_250 + 16_875 + 25_312.5 + 30_000);
  const waits = attempts.slice(1).map((at, i) => at - (attempts[i] as number));
  assert.deepEqual(waits, [5000, 7500, 11_250, 16_875, 25_312.5, 30_000]);
  assert.equal(statuses.at(-1)?.status, "recoverable_error");
  assert.equal(logs[0]?.message, "Exporting failed. Will retry the request after interval.");
  assert.equal(logs[0]?.fields["interval"], "5s");
  assert.equal(await metric("send_failed_metric_points"), 0);
  backendUp = true;
  await clock.advance(30_000);
  assert.equal(await metric("sent_metric_points"), 7);
  assert.equal(statuses.at(-1)?.status, "ok");
  await chain.shutdown(30_000);
});

test("the interval is varied by the randomization factor", async () => {
  const attempts: number[] = [];
  const { chain, clock } = chainOf(
    () => {
      attempts.push(clock.now());
      return Promise.reject(new Error("no"));
    },
    { random: () => 0 },
  );
  await chain.start(noHost);
  await chain.consume(gauges(1));
  await clock.advance(2500);
  assert.equal(attempts.length, 2);
  const stopped = assert.rejects(chain.shutdown(10), /1 data point was lost/);
  await clock.advance(10);
  await stopped;
});

test("Retry-After is the least wait", async () => {
  let attempts = 0;
  const { chain, clock } = chainOf(() => {
    attempts++;
    return Promise.reject(new RetryableError("slow down", { retryAfterMs: 60_000 }));
  });
  await chain.start(noHost);
  await chain.consume(gauges(1));
  await clock.advance(59_999);
  assert.equal(attempts, 1);
  await clock.advance(1);
  assert.equal(attempts, 2);
  await assert.rejects(chain.shutdown(30_000), /1 data point was lost/);
});

test("without a limit of time no Retry-After is kept beyond five minutes, or max_interval, and one line says so", async () => {
  for (const [max_interval, longest] of [
    [30_000, 300_000],
    [900_000, 900_000],
  ] as const) {
    const attempts: number[] = [];
    let backendUp = false;
    const { chain, clock, logs, metric } = chainOf(
      () => {
        attempts.push(clock.now());
        if (backendUp) return Promise.resolve();
        return Promise.reject(new RetryableError("slow down", { retryAfterMs: Number.POSITIVE_INFINITY }));
      },
      { retry: { max_interval, max_elapsed_time: 0 }, queue: { num_consumers: 2 } },
    );
    await chain.start(noHost);
    for (let i = 0; i < 3; i++) await chain.consume(gauges(1));
    await clock.advance(longest);
    assert.equal(attempts.length, 4);
    backendUp = true;
    await clock.advance(longest);
    assert.equal(await metric("sent_metric_points"), 3);
    const lines = logs.filter(({ level }) => level === "warn").map(({ message }) => message);
    assert.deepEqual(lines, ["The backend asks for a longer wait than is kept. Trying again before."]);
    await chain.shutdown(0);
  }
});

test("a request that would be late for max_elapsed_time is dropped and counted", async () => {
  const { chain, clock, metric, logs } = chainOf(down, { retry: { max_elapsed_time: 20_000 } });
  await chain.start(noHost);
  await chain.consume(gauges(4));
  await clock.advance(20_000);
  assert.equal(await metric("send_failed_metric_points"), 4);
  assert.equal(await metric("dropped_metric_points", { reason: "retries_exhausted" }), 4);
  assert.equal(await metric("queue_size"), 0);
  const drop = logs.find(({ message }) => message === "Exporting failed. Dropping data.");
  assert.equal(drop?.level, "error");
  assert.equal(drop?.fields["dropped_items"], 4);
  assert.equal(errorText(drop?.fields["error"]), "no more retries left: connection refused");
  await chain.shutdown(30_000);
});

test("failures have the type of the protocol, or of the chain where it ended them", async () => {
  const failing = async (send: Send, timeoutMs: number) => {
    const { chain, clock, metric } = chainOf(send, { retry: false, timeoutMs });
    await chain.start(noHost);
    await chain.consume(gauges(2));
    await clock.advance(timeoutMs);
    await chain.shutdown(0);
    return (type: string) => metric("send_failed_metric_points", { "error.type": type });
  };
  const answered = await failing(() => Promise.reject(new TypeError("no")), 1000);
  assert.deepEqual([await answered("TypeError"), await answered("_OTHER")], [2, 0]);
  const hung = await failing(() => new Promise(() => {}), 1000);
  assert.deepEqual([await hung("Deadline_Exceeded"), await hung("_OTHER")], [2, 0]);
});

test("max_elapsed_time 0 retries for days", async () => {
  let attempts = 0;
  const { chain, clock, metric } = chainOf(
    () => (++attempts < 3000 ? Promise.reject(new Error("no")) : Promise.resolve()),
    { retry: { max_elapsed_time: 0 } },
  );
  await chain.start(noHost);
  await chain.consume(gauges(2));
  await clock.advance(30 * 3600_000);
  assert.equal(attempts, 3000);
  assert.equal(await metric("sent_metric_points"), 2);
  await chain.shutdown(30_000);
});

test("a permanent error ends it at once; a drop of the same reason is logged once a period", async () => {
  const { chain, clock, metric, logs } = chainOf(() => Promise.reject(new PermanentError("bad request")));
  await chain.start(noHost);
  for (let i = 0; i < 5; i++) await chain.consume(gauges(2));
  await clock.advance(0);
  assert.equal(await metric("dropped_metric_points", { reason: "permanent" }), 10);
  const failed = { "error.permanent": true, "error.type": "_OTHER" };
  assert.equal(await metric("send_failed_metric_points", failed), 10);
  const drops = () => logs.filter(({ message }) => message === "Exporting failed. Dropping data.");
  assert.deepEqual(
    drops().map(({ fields }) => fields["dropped_items"]),
    [2],
  );
  await clock.advance(30_000);
  assert.deepEqual(
    drops().map(({ fields }) => fields["dropped_items"]),
    [2, 8],
  );
  await chain.shutdown(30_000);
  assert.equal(clock.pendingTimers, 0);
});

test("a partial success counts the rejected points as dropped, not as sent, and is not retried", async () => {
  let attempts = 0;
  const { chain, clock, metric, logs, statuses } = chainOf(() => {
    attempts++;
    return Promise.reject(new PartialError("too old", 3));
  });
  await chain.start(noHost);
  await chain.consume(gauges(10));
  await clock.advance(100_000);
  assert.equal(attempts, 1);
  assert.equal(await metric("sent_metric_points"), 7);
  assert.equal(await metric("dropped_metric_points", { reason: "partial_success" }), 3);
  assert.equal(await metric("send_failed_metric_points"), 0);
  assert.equal(logs[0]?.message, "Partial success response.");
  assert.equal(statuses.at(-1)?.status, "ok");
  await chain.shutdown(30_000);
});

test("only the remainder of a partly delivered request is sent again", async () => {
  const sizes: number[] = [];
  const { chain, clock, metric } = chainOf((request) => {
    sizes.push(request.points);
    if (request.points <= 2) return Promise.reject(new PermanentError("no"));
    return Promise.reject(new RemainderError("later", { points: request.points - 4, bytes: 1 }));
  });
  await chain.start(noHost);
  await chain.consume(gauges(10));
  await clock.advance(60_000);
  assert.deepEqual(sizes, [10, 6, 2]);
  assert.equal(await metric("sent_metric_points"), 8);
  assert.equal(await metric("dropped_metric_points", { reason: "permanent" }), 2);
  await chain.shutdown(30_000);
});

test("an attempt that hangs is cut off at the timeout and retried, even if it ignores the signal", async () => {
  const signals: AbortSignal[] = [];
  const { chain, clock, logs } = chainOf(
    (_request, signal) => {
      signals.push(signal);
      return new Promise(() => {});
    },
    { timeoutMs: 10_000 },
  );
  await chain.start(noHost);
  await chain.consume(gauges(1));
  await clock.advance(10_000);
  assert.equal(signals[0]?.aborted, true);
  assert.equal(errorText(logs[0]?.fields["error"]), "request timed out after 10s");
  await clock.advance(5000);
  assert.equal(signals.length, 2);
  const shutdown = assert.rejects(chain.shutdown(1000), /1 data point was lost/);
  await clock.advance(1000);
  await shutdown;
});

test("a full queue refuses new data before it is encoded", async () => {
  const { send } = manualBackend();
  let encoded = 0;
  const { chain, clock, metric } = chainOf(send, {
    queue: { queue_size: 2, num_consumers: 1 },
    encode: (batches) => {
      encoded++;
      return encode(batches);
    },
  });
  await chain.start(noHost);
  await chain.consume(gauges(1));
  await chain.consume(gauges(1));
  await assert.rejects(chain.consume(gauges(5)), (error) => {
    assert.ok(error instanceof RetryableError);
    assert.match(error.message, /^sending queue is full: it holds 2 of 2 requests$/);
    return true;
  });
  assert.equal(encoded, 2);
  assert.equal(await metric("enqueue_failed_metric_points"), 5);
  const shutdown = assert.rejects(chain.shutdown(10), /2 data points were lost/);
  await clock.advance(10);
  await shutdown;
});

test("block_on_overflow makes callers wait, first come first served", async () => {
  const { calls, send } = manualBackend();
  const { chain } = chainOf(send, { queue: { queue_size: 1, num_consumers: 1, block_on_overflow: true } });
  await chain.start(noHost);
  await chain.consume(gauges(1));
  const order: number[] = [];
  const second = chain.consume(gauges(2)).then(() => order.push(2));
  const third = chain.consume(gauges(3)).then(() => order.push(3));
  await setImmediate();
  assert.deepEqual(order, []);
  for (let i = 0; i < 3; i++) {
    calls[i]?.resolve();
    await setImmediate();
  }
  await Promise.all([second, third]);
  assert.deepEqual(order, [2, 3]);
  assert.deepEqual(
    calls.map(({ request }) => request.points),
    [1, 2, 3],
  );
  await chain.shutdown(30_000);
});

test("who waits for room waits no longer than its sender does, and holds up nobody", async () => {
  const { calls, send } = manualBackend();
  const { chain, metric } = chainOf(send, {
    queue: { queue_size: 4, sizer: "items", num_consumers: 1, block_on_overflow: true },
  });
  await chain.start(noHost);
  await chain.consume(gauges(1));
  await chain.consume(gauges(2));
  const sender = new AbortController();
  const large = clientContext.run({ gone: sender.signal }, () => chain.consume(gauges(3)));
  const refused = assert.rejects(large, (error) => {
    assert.ok(error instanceof RetryableError);
    return /the sender is gone/.test(error.message);
  });
  const small = chain.consume(gauges(1));
  await setImmediate();
  assert.equal(await metric("queue_metric_points"), 3);
  sender.abort();
  await Promise.all([refused, small]);
  assert.equal(await metric("queue_metric_points"), 4, "the one behind it fits");
  assert.equal(await metric("enqueue_failed_metric_points"), 3);
  const late = clientContext.run({ gone: sender.signal }, () => chain.consume(gauges(1)));
  await assert.rejects(late, /the sender is gone/);
  for (let i = 0; i < 3; i++) {
    calls[i]?.resolve();
    await setImmediate();
  }
  await chain.shutdown(0);
  assert.deepEqual(
    calls.map(({ request }) => request.points),
    [1, 2, 1],
  );
});

test("callers that wait for room are refused when the exporter shuts down", async () => {
  const { calls, send } = manualBackend();
  const { chain } = chainOf(send, { queue: { queue_size: 1, block_on_overflow: true } });
  await chain.start(noHost);
  await chain.consume(gauges(1));
  const waiting = assert.rejects(chain.consume(gauges(2)), RetryableError);
  await setImmediate();
  const shutdown = chain.shutdown(30_000);
  await waiting;
  calls[0]?.resolve();
  await shutdown;
  await assert.rejects(chain.consume(gauges(1)), /sending queue is closed/);
});

test("the sizer says what fills the queue", async () => {
  for (const [sizer, size] of [
    ["items", 10],
    ["bytes", 100],
  ] as const) {
    const { send } = manualBackend();
    const { chain, clock, metric } = chainOf(send, { queue: { sizer, queue_size: size } });
    await chain.start(noHost);
    await chain.consume(gauges(6));
    await assert.rejects(chain.consume(gauges(5)), RetryableError);
    await chain.consume(gauges(4));
    assert.equal(await metric("queue_size"), size);
    await assert.rejects(chain.consume(gauges(1)), RetryableError);
    const shutdown = assert.rejects(chain.shutdown(1), /data points were lost/);
    await clock.advance(1);
    await shutdown;
  }
});

test("a request larger than the queue is refused for good", async () => {
  const { chain } = chainOf(up, { queue: { sizer: "items", queue_size: 10 } });
  await chain.start(noHost);
  await assert.rejects(chain.consume(gauges(11)), (error) => {
    assert.ok(error instanceof PermanentError);
    assert.equal(error.message, "element size too large: 11 items, the sending queue holds 10");
    return true;
  });
  await chain.shutdown(30_000);
});

test("data that cannot be encoded is refused for good", async () => {
  const cause = new TypeError("no");
  const { chain, metric } = chainOf(up, { encode: () => Promise.reject(cause) });
  await chain.start(noHost);
  await assert.rejects(chain.consume(gauges(3)), (error) => {
    assert.ok(error instanceof PermanentError);
    assert.equal(error.cause, cause);
    return true;
  });
  assert.equal(await metric("enqueue_failed_metric_points"), 3);
  await chain.shutdown(30_000);
});

test("without a queue the caller gets the result", async () => {
  const answers = [
    undefined,
    new PermanentError("bad"),
    new PartialError("some", 1),
    new PartialError("a remark", 0),
  ];
  const { chain, metric } = chainOf(
    () => {
      const answer = answers.shift();
      return answer === undefined ? Promise.resolve() : Promise.reject(answer);
    },
    { queue: false },
  );
  await chain.start(noHost);
  await chain.consume(gauges(2));
  await assert.rejects(chain.consume(gauges(2)), PermanentError);
  await assert.rejects(chain.consume(gauges(2)), PartialError);
  await chain.consume(gauges(2));
  assert.equal(await metric("sent_metric_points"), 5);
  assert.equal(await metric("send_failed_metric_points"), 2);
  assert.equal(await metric("dropped_metric_points"), 1);
  await chain.shutdown(30_000);
  await assert.rejects(chain.consume(gauges(2)), RetryableError);
});

test("wait_for_result gives the caller the result of a queued request", async () => {
  const answers = [undefined, new PermanentError("bad")];
  const { chain, metric } = chainOf(
    () => {
      const answer = answers.shift();
      return answer === undefined ? Promise.resolve() : Promise.reject(answer);
    },
    { queue: { wait_for_result: true } },
  );
  await chain.start(noHost);
  await chain.consume(gauges(2));
  assert.equal(await metric("sent_metric_points"), 2);
  await assert.rejects(chain.consume(gauges(3)), /bad/);
  assert.equal(await metric("send_failed_metric_points"), 3);
  assert.equal(await metric("dropped_metric_points"), 0, "the caller decides");
  await chain.shutdown(30_000);
});

test("retries can be off", async () => {
  const { chain, metric } = chainOf(down, { retry: false });
  await chain.start(noHost);
  await chain.consume(gauges(3));
  await setImmediate();
  assert.equal(await metric("dropped_metric_points", { reason: "retries_exhausted" }), 3);
  await chain.shutdown(30_000);
});

test("shutdown drains the queue", async () => {
  const { calls, send } = manualBackend();
  const { chain, metric } = chainOf(send, { queue: { num_consumers: 1 } });
  await chain.start(noHost);
  for (let i = 0; i < 3; i++) await chain.consume(gauges(2));
  const shutdown = chain.shutdown(30_000);
  assert.equal(chain.shutdown(30_000), shutdown, "again is the same");
  for (let i = 0; i < 3; i++) {
    await setImmediate();
    calls[i]?.resolve();
  }
  await shutdown;
  assert.equal(await metric("sent_metric_points"), 6);
  assert.equal(await metric("dropped_metric_points"), 0);
});

test("shutdown ends back-offs, then retries until its time is over, and counts what is left", async () => {
  const attempts: number[] = [];
  const { chain, clock, metric, logs } = chainOf(
    () => {
      attempts.push(clock.now());
      return Promise.reject(new Error("connection refused"));
    },
    { queue: { num_consumers: 1 } },
  );
  await chain.start(noHost);
  for (let i = 0; i < 3; i++) await chain.consume(gauges(2));
  await clock.advance(1000);
  assert.equal(attempts.length, 1);
  const begun = clock.now();
  const stopped = assert.rejects(chain.shutdown(30_000), /^Error: 6 data points were lost/);
  await clock.advance(29_400);
  assert.equal(await metric("dropped_metric_points"), 0);
  const waits = attempts.slice(1).map((at) => at - begun);
  // Back-offs from the first interval on; the last one is cut short, so that the end of the time is used too.
  assert.deepEqual(waits.slice(0, 5), [0, 5000, 12_500, 23_750, 29_375]);
  await clock.advance(600);
  await stopped;
  assert.equal(attempts.length, 10, "and the others two each in the little that is left");
  assert.equal(await metric("dropped_metric_points", { reason: "shutdown" }), 6);
  assert.ok(logs.some(({ fields }) => fields["reason"] === "shutdown"));
  assert.equal(clock.pendingTimers, 0);
});

test("a backend that is back within the time of the shutdown gets everything, and that ends it", async () => {
  let backendUp = false;
  const { chain, clock, metric } = chainOf(() => (backendUp ? up : down)({ points: 1, bytes: 1 }, never), {
    queue: { num_consumers: 2 },
  });
  await chain.start(noHost);
  for (let i = 0; i < 20; i++) await chain.consume(gauges(2));
  const stopped = chain.shutdown(30_000);
  await clock.advance(20_000);
  assert.equal(await metric("sent_metric_points"), 0);
  assert.equal(await metric("queue_metric_points"), 40);
  backendUp = true;
  await clock.advance(4000);
  await stopped;
  assert.equal(await metric("sent_metric_points"), 40);
  assert.equal(await metric("dropped_metric_points"), 0);
  assert.equal(clock.pendingTimers, 0);
});

test("shutdown waits as long as the backend asked for, if there is time for that", async () => {
  const attempts: number[] = [];
  const { chain, clock, metric } = chainOf(() => {
    attempts.push(clock.now());
    if (attempts.length > 1) return Promise.resolve();
    return Promise.reject(new RetryableError("slow down", { retryAfterMs: 20_000 }));
  });
  await chain.start(noHost);
  await chain.consume(gauges(2));
  await clock.advance(1000);
  const stopped = chain.shutdown(30_000);
  await clock.advance(18_999);
  assert.equal(attempts.length, 1);
  await clock.advance(1);
  await stopped;
  assert.deepEqual(attempts[1], (attempts[0] ?? 0) + 20_000);
  assert.equal(await metric("sent_metric_points"), 2);
});

test("shutdown does not wait where the backend has asked for more time than there is", async () => {
  let attempts = 0;
  const { chain, clock, metric, logs } = chainOf(
    () => {
      attempts++;
      return Promise.reject(new RetryableError("down", { retryAfterMs: 100_000 }));
    },
    { queue: { num_consumers: 1 } },
  );
  await chain.start(noHost);
  for (let i = 0; i < 3; i++) await chain.consume(gauges(2));
  await setImmediate();
  assert.equal(attempts, 1);
  await assert.rejects(chain.shutdown(30_000), /^Error: 6 data points were lost/);
  assert.equal(attempts, 3, "the first one is not tried again, each of the others once");
  assert.equal(await metric("dropped_metric_points", { reason: "shutdown" }), 6);
  const lines = logs.filter(({ level }) => level === "error").map(({ fields }) => fields["dropped_items"]);
  assert.deepEqual(lines, [2, 4]);
  assert.equal(clock.pendingTimers, 0);
});

test("shutdown of an empty queue takes no time", async () => {
  const { chain, clock, metric } = chainOf(up);
  await chain.start(noHost);
  await chain.consume(gauges(2));
  await setImmediate();
  await chain.shutdown(30_000);
  assert.equal(await metric("sent_metric_points"), 2);
  assert.equal(clock.pendingTimers, 0);
});

test("shutdown ends at its deadline although the backend hangs", async () => {
  const { send } = manualBackend();
  const { chain, clock, metric } = chainOf(send, { queue: { num_consumers: 2 }, timeoutMs: 0 });
  await chain.start(noHost);
  for (let i = 0; i < 5; i++) await chain.consume(gauges(1));
  const shutdown = assert.rejects(chain.shutdown(2000), /5 data points were lost/);
  await clock.advance(1999);
  assert.equal(await metric("dropped_metric_points"), 0);
  await clock.advance(1);
  await shutdown;
  assert.equal(await metric("dropped_metric_points", { reason: "shutdown" }), 5);
  assert.equal(clock.pendingTimers, 0);
});

test("shutdown works without start and accounts for what was queued", async () => {
  const { chain, metric } = chainOf(up);
  await chain.consume(gauges(3));
  await assert.rejects(chain.shutdown(30_000), /3 data points were lost/);
  assert.equal(await metric("dropped_metric_points", { reason: "shutdown" }), 3);
});

test("every point is accounted for, whatever the backend does", async () => {
  const answer = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: "ok" as const }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("retry" as const), afterMs: fc.nat(60_000) }) },
    fc.constant({ kind: "permanent" as const }),
    fc.record({ kind: fc.constant("partial" as const), rejected: fc.nat(30) }),
    fc.record({ kind: fc.constant("remainder" as const), sent: fc.nat(5) }),
    fc.constant({ kind: "hang" as const }),
  );
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ points: fc.integer({ min: 0, max: 20 }) }) },
    fc.record({ advanceMs: fc.nat(120_000) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(answer, { maxLength: 40 }),
      fc.array(step, { maxLength: 30 }),
      fc.record({
        num_consumers: fc.integer({ min: 1, max: 4 }),
        queue_size: fc.integer({ min: 1, max: 30 }),
        sizer: fc.constantFrom("requests", "items", "bytes"),
      }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      async (answers, steps, queue, jitter) => {
        const pending = [...answers];
        const { chain, clock, metric } = chainOf(
          (request) => {
            const next = pending.shift() ?? { kind: "ok" };
            switch (next.kind) {
              case "ok":
                return Promise.resolve();
              case "retry":
                return Promise.reject(new RetryableError("later", { retryAfterMs: next.afterMs }));
              case "permanent":
                return Promise.reject(new PermanentError("never"));
              case "partial":
                return Promise.reject(new PartialError("some", next.rejected));
              case "remainder": {
                const points = Math.max(1, request.points - next.sent);
                return Promise.reject(new RemainderError("some later", { points, bytes: points }));
              }
              case "hang":
                return new Promise(() => {});
            }
          },
          { queue, random: () => jitter, retry: { max_elapsed_time: 90_000 } },
        );
        await chain.start(noHost);
        let accepted = 0;
        let refused = 0;
        const check = async () => {
          const [sent, dropped, queued, failed, permanent, exhausted] = await Promise.all([
            metric("sent_metric_points"),
            metric("dropped_metric_points"),
            metric("queue_metric_points"),
            metric("send_failed_metric_points"),
            metric("dropped_metric_points", { reason: "permanent" }),
            metric("dropped_metric_points", { reason: "retries_exhausted" }),
          ]);
          assert.equal(accepted, sent + dropped + queued);
          assert.equal(failed, permanent + exhausted);
          assert.equal(await metric("enqueue_failed_metric_points"), refused);
        };
        for (const one of steps) {
          if ("points" in one) {
            try {
              await chain.consume(gauges(one.points));
              accepted += one.points;
            } catch {
              refused += one.points;
            }
          } else await clock.advance(one.advanceMs);
          await setImmediate();
          await check();
        }
        const outcome = chain.shutdown(20_000).then(
          () => 0,
          ({ message }: Error) => Number.parseInt(message, 10),
        );
        await clock.advance(20_000);
        assert.equal(await outcome, await metric("dropped_metric_points", { reason: "shutdown" }));
        assert.equal(
          accepted,
          (await metric("sent_metric_points")) + (await metric("dropped_metric_points")),
        );
        assert.equal(clock.pendingTimers, 0);
      },
    ),
    { numRuns: 150 },
  );
});
