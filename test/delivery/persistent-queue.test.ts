import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { clientMetadata, PermanentError, RetryableError, StorageError } from "../../src/component/index.ts";
import {
  DeliveryChain,
  type DeliveryRequest,
  type RequestCodec,
  type RetryConfig,
  retrySchema,
  type SendingQueueConfig,
  sendingQueueSchema,
} from "../../src/delivery/index.ts";
import { errorText } from "../../src/errors/index.ts";
import { FakeStorage } from "./fake-storage.ts";
import { gauges, harness, noHost } from "./harness.ts";

/** A request that can be told from others. */
interface Numbered extends DeliveryRequest {
  readonly number: number;
}

const codec: RequestCodec<Numbered> = {
  toStored: ({ number }) => ({ attributes: { kind: "numbered" }, body: Buffer.from(String(number)) }),
  fromStored: ({ attributes, body }, points) => {
    assert.deepEqual(attributes, { kind: "numbered" });
    return { number: Number(Buffer.from(body).toString()), points, bytes: points * 10 };
  },
};

type Send = (request: Numbered, signal: AbortSignal) => Promise<void>;

interface Options {
  readonly queue?: Partial<SendingQueueConfig>;
  readonly retry?: Partial<RetryConfig>;
  /** Number of the first request. */
  readonly from?: number;
}

/** A chain that has been started over `storage`; its requests are numbered in the order of `consume`. */
async function chainOver(
  storage: FakeStorage,
  send: Send,
  { queue = {}, retry = {}, from = 0 }: Options = {},
) {
  const h = harness();
  let next = from;
  const chain = new DeliveryChain<Numbered>({
    settings: h.settings,
    queue: { ...sendingQueueSchema.parse({ storage: "file_storage" }), ...queue },
    retry: { ...retrySchema.parse({ max_elapsed_time: 0 }), ...retry },
    timeoutMs: 0,
    encode: ([batch]) => ({
      number: next++,
      points: batch?.pointCount ?? 0,
      bytes: (batch?.pointCount ?? 0) * 10,
    }),
    send,
    codec,
    random: () => 0.5,
  });
  await chain.start(storage.host);
  return { ...h, chain };
}

/** A backend that each call answers by hand. */
function manualBackend() {
  const calls: { number: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  const send: Send = ({ number }) =>
    new Promise((resolve, reject) => calls.push({ number, resolve, reject }));
  return { calls, send };
}

/** A backend that takes everything. */
function recordingBackend() {
  const numbers: number[] = [];
  const send: Send = async ({ number }) => void numbers.push(number);
  return { numbers, send };
}

const down: Send = () => Promise.reject(new Error("connection refused"));

/** Ends a chain as a SIGKILL would: what it does from now on reaches nothing. */
async function crash(
  storage: FakeStorage,
  { chain, clock }: Awaited<ReturnType<typeof chainOver>>,
): Promise<void> {
  storage.crash();
  const ended = chain.shutdown(0);
  await clock.advance(0);
  await ended;
}

/** Shuts a chain down and lets all the time pass that it was given. */
async function stop({ chain, clock }: Awaited<ReturnType<typeof chainOver>>, ms: number): Promise<void> {
  const stopped = chain.shutdown(ms);
  await clock.advance(ms);
  await stopped;
}

const requests = (storage: FakeStorage) => storage.entries.size;

test("consume settles when the request is in the storage, not before", async () => {
  const storage = new FakeStorage();
  const { calls, send } = manualBackend();
  const { chain, metric } = await chainOver(storage, send);
  storage.hold();
  let settled = false;
  const consumed = chain.consume(gauges(3)).then(() => {
    settled = true;
  });
  await setImmediate();
  assert.equal(settled, false);
  assert.equal(calls.length, 0, "and is not sent before either");
  storage.release();
  await consumed;
  assert.equal(requests(storage), 1);
  assert.equal(await metric("queue_metric_points"), 3);
  calls[0]?.resolve();
  await setImmediate();
  await chain.shutdown(1000);
});

test("it stays in the storage until the backend has answered for good", async () => {
  const storage = new FakeStorage();
  const { calls, send } = manualBackend();
  const { chain, clock, metric } = await chainOver(storage, send);
  await chain.consume(gauges(3));
  await chain.consume(gauges(4));
  await setImmediate();
  calls[0]?.reject(new RetryableError("later"));
  await setImmediate();
  assert.equal(requests(storage), 2);
  await clock.advance(5000);
  calls[2]?.resolve();
  await setImmediate();
  assert.equal(requests(storage), 1);
  calls[1]?.reject(new PermanentError("never"));
  await setImmediate();
  assert.equal(requests(storage), 0);
  assert.equal(await metric("sent_metric_points"), 3);
  assert.equal(await metric("dropped_metric_points", { reason: "permanent" }), 4);
  assert.equal(await metric("queue_size"), 0);
  await chain.shutdown(1000);
  assert.equal(storage.isOpen, false);
});

test("a request for which a consumer waits is not read back, one that has to wait is not held in memory", async () => {
  const storage = new FakeStorage();
  const { calls, send } = manualBackend();
  const { chain } = await chainOver(storage, send, { queue: { num_consumers: 1 } });
  await chain.consume(gauges(1));
  await chain.consume(gauges(1));
  await setImmediate();
  assert.deepEqual(storage.reads, []);
  calls[0]?.resolve();
  await setImmediate();
  assert.equal(storage.reads.length, 1);
  assert.equal(calls[1]?.number, 1);
  calls[1]?.resolve();
  await chain.shutdown(1000);
});

test("after a crash the queue is as it was: those in flight first, all in their order", async () => {
  const storage = new FakeStorage();
  const first = manualBackend();
  const before = await chainOver(storage, first.send, { queue: { num_consumers: 2 } });
  for (let i = 0; i < 12; i++) await before.chain.consume(gauges(2));
  await setImmediate();
  assert.deepEqual(
    first.calls.map(({ number }) => number),
    [0, 1],
  );
  first.calls[1]?.resolve();
  await setImmediate();
  await crash(storage, before);

  const { numbers, send } = recordingBackend();
  const { chain, metric, logs } = await chainOver(storage, send, { queue: { num_consumers: 1 }, from: 12 });
  assert.equal(await metric("queue_restored_metric_points"), 22);
  assert.deepEqual(logs, [
    {
      level: "info",
      message: "Found requests in the persistent queue.",
      fields: { requests: 11, data_points: 22 },
    },
  ]);
  await chain.consume(gauges(2));
  await chain.shutdown(1000);
  assert.deepEqual(numbers, [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  assert.equal(await metric("sent_metric_points"), 24);
  assert.equal(requests(storage), 0);
});

test("a restart honours the capacity, whatever the unit was before, and drops nothing for it", async () => {
  const storage = new FakeStorage();
  const before = await chainOver(storage, down, { queue: { sizer: "requests", queue_size: 3 } });
  for (const points of [5, 6, 7]) await before.chain.consume(gauges(points));
  await stop(before, 1000);

  const { calls, send } = manualBackend();
  const { chain, metric } = await chainOver(storage, send, {
    queue: { sizer: "items", queue_size: 14, num_consumers: 1 },
    from: 3,
  });
  assert.equal(await metric("queue_size"), 18);
  await assert.rejects(
    chain.consume(gauges(1)),
    /^RetryableError: sending queue is full: it holds 18 of 14 items$/,
  );
  await setImmediate();
  calls[0]?.resolve();
  await setImmediate();
  await chain.consume(gauges(1));
  assert.equal(await metric("queue_size"), 14);
  for (let i = 1; i < 4; i++) {
    calls[i]?.resolve();
    await setImmediate();
  }
  await chain.shutdown(1000);
  assert.deepEqual(
    calls.map(({ number }) => number),
    [0, 1, 2, 3],
  );
});

test("a shutdown sends what it can and leaves the rest where it is; nothing counts as dropped", async () => {
  const storage = new FakeStorage();
  let budget = 2;
  const before = await chainOver(
    storage,
    async () => {
      if (budget-- <= 0) throw new Error("connection refused");
    },
    { queue: { num_consumers: 1 }, retry: { max_elapsed_time: 300_000 } },
  );
  storage.hold();
  const consumed = [1, 2, 3, 4, 5].map((points) => before.chain.consume(gauges(points)));
  storage.release();
  await Promise.all(consumed);
  await setImmediate();
  await stop(before, 30_000);
  // Tried once before the shutdown, and at 0, 5, 12.5 and 23.75 s of it, and last at nine tenths of the rest.
  assert.equal(budget, -6, "one request was tried until the end: the others, behind it, are not even read");
  assert.deepEqual(storage.reads.length, 2);
  assert.equal(await before.metric("sent_metric_points"), 3);
  assert.equal(await before.metric("dropped_metric_points"), 0);
  assert.equal(requests(storage), 3);

  const { numbers, send } = recordingBackend();
  const { chain } = await chainOver(storage, send);
  await chain.shutdown(1000);
  assert.deepEqual(numbers, [2, 3, 4]);
});

test("a shutdown that runs into its deadline keeps what was in flight", async () => {
  const storage = new FakeStorage();
  const { chain, clock, metric } = await chainOver(storage, () => new Promise(() => {}));
  await chain.consume(gauges(3));
  await setImmediate();
  const shutdown = chain.shutdown(2000);
  await clock.advance(2000);
  await shutdown;
  assert.equal(requests(storage), 1);
  assert.equal(await metric("dropped_metric_points"), 0);
  assert.equal(clock.pendingTimers, 0);
});

test("what the storage does not take is refused as retryable, counted, and shown as status", async () => {
  const storage = new FakeStorage();
  const { send, numbers } = recordingBackend();
  const { chain, metric, statuses } = await chainOver(storage, send, { queue: { queue_size: 1 } });
  storage.failWrites = new StorageError("full", "no space left on device");
  for (let i = 0; i < 2; i++) {
    await assert.rejects(chain.consume(gauges(4)), (error) => {
      assert.ok(error instanceof RetryableError);
      assert.equal(
        errorText(error),
        "the sending queue's storage did not take the data: no space left on device",
      );
      return true;
    });
  }
  assert.equal(await metric("enqueue_failed_metric_points"), 8);
  assert.equal(await metric("queue_size"), 0, "the room is free again");
  assert.equal(statuses.at(-1)?.status, "recoverable_error");
  storage.failWrites = undefined;
  await chain.consume(gauges(4));
  await setImmediate();
  assert.equal(statuses.at(-1)?.status, "ok");
  await chain.shutdown(1000);
  assert.deepEqual(numbers, [2]);
});

test("the status is ok only when sending and storing both work", async () => {
  const storage = new FakeStorage();
  const { calls, send } = manualBackend();
  const { chain, statuses } = await chainOver(storage, send);
  await chain.consume(gauges(1));
  storage.failWrites = new StorageError("io", "read-only file system");
  await assert.rejects(chain.consume(gauges(1)));
  await setImmediate();
  calls[0]?.resolve();
  await setImmediate();
  assert.equal(statuses.at(-1)?.status, "recoverable_error");
  assert.equal(errorText(statuses.at(-1)?.error), "read-only file system");
  await chain.shutdown(1000);
});

test("a request that cannot be read any more is dropped with its reason; the others go on", async () => {
  const storage = new FakeStorage();
  const before = await chainOver(storage, down, { queue: { num_consumers: 1 } });
  for (let i = 0; i < 6; i++) await before.chain.consume(gauges(10));
  await stop(before, 1000);
  const keys = [...storage.entries.keys()].toSorted();
  storage.entries.set(keys[1] ?? "", Buffer.from("x"));
  storage.entries.set(keys[2] ?? "", Buffer.from([255, 255, 0, 0, 1, 2]));
  storage.entries.set(keys[3] ?? "", Buffer.from([1, 0, 0, 0, 0x7b]));
  storage.entries.set(keys[4] ?? "", Buffer.from([]));
  const { numbers, send } = recordingBackend();
  const { chain, metric, logs } = await chainOver(storage, send);
  await setImmediate();
  await chain.shutdown(1000);
  assert.deepEqual(numbers, [0, 5]);
  assert.equal(await metric("dropped_metric_points", { reason: "unreadable" }), 40);
  assert.equal(await metric("queue_restored_metric_points"), 60);
  assert.equal(requests(storage), 0);
  assert.equal(
    logs.filter(({ fields }) => fields["reason"] === "unreadable").length,
    2,
    "once at once, once for the rest",
  );
});

test("requests that cannot be read before a shutdown are left for the next run", async () => {
  const storage = new FakeStorage();
  const before = await chainOver(storage, down);
  for (let i = 0; i < 3; i++) await before.chain.consume(gauges(1));
  await stop(before, 1000);
  const { numbers, send } = recordingBackend();
  const { chain, clock } = await chainOver(storage, send, { queue: { num_consumers: 1 } });
  storage.failReads = new StorageError("io", "input/output error");
  await chain.shutdown(1000);
  assert.equal(clock.pendingTimers, 0);
  assert.equal(requests(storage), 3 - numbers.length);
  storage.failReads = undefined;
  const last = await chainOver(storage, send, { queue: { num_consumers: 1 } });
  await last.chain.shutdown(1000);
  assert.deepEqual(numbers, [0, 1, 2]);
});

test("a read that fails is tried again", async () => {
  const storage = new FakeStorage();
  const { calls, send } = manualBackend();
  const { chain, clock, statuses } = await chainOver(storage, send, { queue: { num_consumers: 1 } });
  for (let i = 0; i < 2; i++) await chain.consume(gauges(1));
  await setImmediate();
  storage.failReads = new StorageError("io", "too many open files");
  calls[0]?.resolve();
  await clock.advance(3000);
  assert.equal(calls.length, 1);
  assert.equal(statuses.at(-1)?.status, "recoverable_error");
  storage.failReads = undefined;
  await clock.advance(1000);
  assert.equal(calls[1]?.number, 1);
  assert.equal(statuses.at(-1)?.status, "ok");
  calls[1]?.resolve();
  await chain.shutdown(1000);
});

test("a deletion that fails frees the room; the request comes once more after the next start", async () => {
  const storage = new FakeStorage();
  const { numbers, send } = recordingBackend();
  const { chain, metric } = await chainOver(storage, send, { queue: { queue_size: 1 } });
  storage.hold();
  const consumed = chain.consume(gauges(1));
  storage.release();
  await consumed;
  storage.failWrites = new StorageError("io", "gone");
  await setImmediate();
  assert.equal(await metric("queue_size"), 0);
  await chain.shutdown(1000);
  storage.failWrites = undefined;
  const again = await chainOver(storage, send);
  await again.chain.shutdown(1000);
  assert.deepEqual(numbers, [0, 0]);
});

test("callers that wait for room are queued in their order", async () => {
  const storage = new FakeStorage();
  const { calls, send } = manualBackend();
  const { chain } = await chainOver(storage, send, {
    queue: { queue_size: 1, block_on_overflow: true, num_consumers: 1 },
  });
  const consumed = [1, 2, 3, 4].map((points) => chain.consume(gauges(points)));
  for (let i = 0; i < 4; i++) {
    await setImmediate();
    calls[i]?.resolve();
  }
  await Promise.all(consumed);
  await setImmediate();
  assert.deepEqual(
    calls.map(({ number }) => number),
    [0, 1, 2, 3],
  );
  await chain.shutdown(1000);
});

test("nothing is accepted before the start, and the start fails without the storage", async () => {
  const h = harness();
  const options = {
    settings: h.settings,
    queue: sendingQueueSchema.parse({ storage: "file_storage" }),
    retry: undefined,
    timeoutMs: 0,
    encode: () => ({ number: 0, points: 1, bytes: 1 }),
    send: () => Promise.resolve(),
  };
  const chain = new DeliveryChain<Numbered>({ ...options, codec });
  await assert.rejects(chain.consume(gauges(1)), /the exporter has not been started/);
  await assert.rejects(chain.start(noHost), /no storage client extension found/);
  await chain.shutdown(0);
  const without = new DeliveryChain<Numbered>(options);
  await assert.rejects(without.start(new FakeStorage().host), /cannot keep its requests in a storage/);
  await without.shutdown(0);
});

test("the queue of a later format, or something else, is refused and left alone", async () => {
  for (const [key, message] of [
    ["v2.0000000000000000.1.10", /has format 2, written by a later release; this one reads format 1$/],
    ["checkpoint", /has an entry "checkpoint" that is none of its own$/],
  ] as const) {
    const storage = new FakeStorage();
    storage.entries.set(key, Buffer.from("x"));
    await assert.rejects(chainOver(storage, down), message);
    assert.equal(storage.isOpen, false, "it can be opened by another");
    assert.ok(storage.entries.has(key));
  }
});

/** The number of a stored request. */
function numberOf(value: Uint8Array): number {
  return Number(/\d+$/.exec(Buffer.from(value).toString("latin1"))?.[0]);
}

test("whatever happens, every request accepted is sent, in order, and twice only if it was in flight in a crash", async () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant("consume" as const), points: fc.integer({ min: 1, max: 5 }) }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.nat(20_000) }) },
    fc.record({ do: fc.constant("backend" as const), up: fc.boolean() }),
    fc.record({ do: fc.constant("disk" as const), full: fc.boolean() }),
    fc.record({ do: fc.constant("crash" as const), midWrite: fc.boolean() }),
    fc.record({ do: fc.constant("restart" as const), ms: fc.nat(5000) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
      async (steps, consumers, ordered) => {
        const storage = new FakeStorage();
        const arrived: number[] = [];
        const inFlight = new Set<number>();
        const mayRepeat = new Set<number>();
        let life = 0;
        let backendUp = true;
        const start = async (from: number) => {
          const own = ++life;
          const send: Send = async ({ number }) => {
            inFlight.add(number);
            await setImmediate();
            if (own !== life) return;
            if (!backendUp) {
              inFlight.delete(number);
              throw new Error("connection refused");
            }
            arrived.push(number);
          };
          const options = {
            queue: { num_consumers: consumers, preserve_order: ordered, queue_size: 8 },
            from,
          };
          return await chainOver(storage, send, options);
        };
        let current = await start(0);
        let next = 0;
        let acceptedPoints = 0;
        const accepted: number[] = [];
        const consume = async (points: number) => {
          const number = next++;
          try {
            await current.chain.consume(gauges(points));
            accepted.push(number);
            acceptedPoints += points;
          } catch (error) {
            assert.ok(error instanceof RetryableError);
            // A refused one may not have been encoded: the chain numbers what it encodes.
            next = number + (/did not take/.test(error.message) ? 1 : 0);
          }
        };
        // What an attempt was begun for, and is not settled.
        const noteInFlight = () => {
          const stored = new Set([...storage.entries.values()].map(numberOf));
          for (const number of inFlight) if (stored.has(number)) mayRepeat.add(number);
        };
        const restart = async () => {
          acceptedPoints = 0;
          inFlight.clear();
          current = await start(next);
          acceptedPoints += await current.metric("queue_restored_metric_points");
        };
        for (const one of steps) {
          switch (one.do) {
            case "consume":
              await consume(one.points);
              break;
            case "advance":
              await current.clock.advance(one.ms);
              break;
            case "backend":
              backendUp = one.up;
              break;
            case "disk":
              storage.failWrites = one.full ? new StorageError("full", "disk full") : undefined;
              break;
            case "crash": {
              storage.failWrites = undefined;
              // With the writes held, a request that arrives now cannot be deleted any more.
              if (one.midWrite) {
                storage.hold();
                await setImmediate();
                await setImmediate();
              }
              noteInFlight();
              life++;
              await crash(storage, current);
              await restart();
              break;
            }
            case "restart": {
              storage.failWrites = undefined;
              const shutdown = current.chain.shutdown(one.ms);
              await current.clock.advance(one.ms);
              await shutdown;
              noteInFlight();
              assert.equal(await current.metric("dropped_metric_points"), 0);
              await restart();
            }
          }
          const sent = await current.metric("sent_metric_points");
          assert.equal(sent + (await current.metric("queue_metric_points")), acceptedPoints);
        }
        backendUp = true;
        storage.failWrites = undefined;
        await current.clock.advance(120_000);
        await current.chain.shutdown(1000);
        assert.equal(requests(storage), 0);
        assert.deepEqual(
          [...new Set(arrived)].toSorted((a, b) => a - b),
          accepted,
        );
        const repeated = arrived.filter((number, i) => arrived.indexOf(number) < i);
        for (const number of repeated) assert.ok(mayRepeat.has(number), `${number} came twice`);
        if (ordered || consumers === 1) {
          const firsts = arrived.filter((number, i) => arrived.indexOf(number) === i);
          assert.deepEqual(firsts, accepted);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("a request is sent under the metadata that its data came with, also in the next run", async () => {
  const storage = new FakeStorage();
  const first = await chainOver(storage, () => Promise.reject(new Error("not yet")), {
    queue: { num_consumers: 1 },
  });
  for (const tenant of ["a", "b"]) {
    await clientMetadata.run(new Map([["x-tenant", [tenant]]]), () => first.chain.consume(gauges(1)));
  }
  await first.chain.consume(gauges(1));
  await stop(first, 1000);
  const seen: [number, string | undefined][] = [];
  const { chain } = await chainOver(
    storage,
    async ({ number }) => void seen.push([number, clientMetadata.current()?.get("x-tenant")?.join()]),
    { queue: { num_consumers: 1 }, from: 3 },
  );
  await clientMetadata.run(new Map([["x-tenant", ["c", "d"]]]), () => chain.consume(gauges(1)));
  await chain.shutdown(1000);
  assert.deepEqual(seen, [
    [0, "a"],
    [1, "b"],
    [2, undefined],
    [3, "c,d"],
  ]);
});
