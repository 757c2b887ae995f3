import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { clientMetadata, RetryableError, StorageError } from "../../src/component/index.ts";
import {
  DeliveryChain,
  type DeliveryRequest,
  type RequestCodec,
  type RetryConfig,
  retrySchema,
  type SendingQueueConfig,
  sendingQueueSchema,
} from "../../src/delivery/index.ts";
import { FakeStorage } from "./fake-storage.ts";
import { gauges, harness, noHost } from "./harness.ts";

/** A request that can be told from others. */
interface Numbered extends DeliveryRequest {
  readonly number: number;
}

type Send = (request: Numbered, signal: AbortSignal) => Promise<void>;

const codec: RequestCodec<Numbered> = {
  toStored: ({ number }) => ({ attributes: {}, body: Buffer.from(String(number)) }),
  fromStored: ({ body }, points) => ({
    number: Number(Buffer.from(body).toString()),
    points,
    bytes: points * 10,
  }),
};

interface Options {
  /** false: none. */
  readonly queue?: Partial<SendingQueueConfig> | false;
  readonly retry?: Partial<RetryConfig> | false;
  readonly format?: string;
}

/** Chains of one exporter, one after the other, as reloads make them: they share clock and metrics. */
function exporter() {
  const h = harness();
  let next = 0;
  const create = (send: Send, { queue = {}, retry = {}, format = "numbered" }: Options = {}) =>
    new DeliveryChain<Numbered>({
      settings: h.settings,
      queue: queue === false ? undefined : { ...sendingQueueSchema.parse({}), ...queue },
      retry: retry === false ? undefined : { ...retrySchema.parse({ max_elapsed_time: 0 }), ...retry },
      timeoutMs: 0,
      encode: ([batch]) => {
        const points = batch?.pointCount ?? 0;
        return { number: next++, points, bytes: points * 10 };
      },
      send,
      codec,
      format,
      random: () => 0.5,
    });
  /** What is accounted for by the metrics of all of them. */
  const accounts = async () => ({
    sent: await h.metric("sent_metric_points"),
    dropped: await h.metric("dropped_metric_points"),
    queued: await h.metric("queue_metric_points"),
  });
  /** The same where storages come and go: what is on the left of the identity, and what is on its right. */
  const balance = async (accepted: number) => {
    const { sent, dropped, queued } = await accounts();
    return {
      in: accepted + (await h.metric("queue_restored_metric_points")),
      out: sent + dropped + queued + (await h.metric("queue_left_metric_points")),
    };
  };
  return { ...h, create, accounts, balance };
}

const down: Send = () => Promise.reject(new Error("connection refused"));
const stored = (storage: string): Options => ({ queue: { storage } });

function recordingBackend() {
  const numbers: number[] = [];
  const send: Send = async ({ number }) => void numbers.push(number);
  return { numbers, send };
}

async function fill(chain: DeliveryChain<Numbered>, count: number, points = 2): Promise<void> {
  for (let i = 0; i < count; i++) await chain.consume(gauges(points));
  await setImmediate();
}

test("a queue in memory goes on in the chain that takes over, in order, and each point is in one place", async () => {
  const { create, clock, accounts } = exporter();
  const old = create(down, { queue: { num_consumers: 3 } });
  await old.start(noHost);
  await fill(old, 8);
  const { numbers, send } = recordingBackend();
  const backend = Promise.withResolvers<void>();
  const sendLater: Send = async (request, signal) => {
    await backend.promise;
    await send(request, signal);
  };
  const heir = create(sendLater, { queue: { num_consumers: 1, queue_size: 2 } });
  await old.handOver(heir);
  await assert.rejects(old.consume(gauges(1)), RetryableError);
  await old.shutdown(30_000);
  assert.deepEqual(await accounts(), { sent: 0, dropped: 0, queued: 0 }, "between the two");
  await heir.start(noHost);
  assert.deepEqual(await accounts(), { sent: 0, dropped: 0, queued: 16 });
  await assert.rejects(heir.consume(gauges(1)), /it holds 8 of 2 requests/, "they fill it beyond its size");
  backend.resolve();
  await setImmediate();
  await heir.shutdown(30_000);
  assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(await accounts(), { sent: 16, dropped: 0, queued: 0 });
  assert.equal(clock.pendingTimers, 0);
});

test("it is handed over with the metadata that its data came with", async () => {
  const { create } = exporter();
  const old = create(down);
  await old.start(noHost);
  await clientMetadata.run(new Map([["x-tenant", ["a"]]]), () => old.consume(gauges(1)));
  const seen: unknown[] = [];
  const heir = create(async () => void seen.push(clientMetadata.current()?.get("x-tenant")));
  await old.handOver(heir);
  await old.shutdown(0);
  await heir.start(noHost);
  await setImmediate();
  await heir.shutdown(1000);
  assert.deepEqual(seen, [["a"]]);
});

test("an attempt under way may end; one that hangs is cut off and goes along", async () => {
  const { create, clock, accounts } = exporter();
  const calls: PromiseWithResolvers<void>[] = [];
  const old = create(
    () => {
      const call = Promise.withResolvers<void>();
      calls.push(call);
      return call.promise;
    },
    { queue: { num_consumers: 2 } },
  );
  await old.start(noHost);
  await fill(old, 4);
  const { numbers, send } = recordingBackend();
  const heir = create(send);
  const handedOver = old.handOver(heir);
  await clock.advance(1000);
  calls[0]?.resolve();
  await clock.advance(999);
  assert.equal(calls.length, 2, "no attempt is begun");
  await clock.advance(1);
  await handedOver;
  await old.shutdown(30_000);
  await heir.start(noHost);
  await setImmediate();
  await heir.shutdown(30_000);
  assert.deepEqual(numbers, [1, 2, 3]);
  assert.deepEqual(await accounts(), { sent: 8, dropped: 0, queued: 0 });
  assert.equal(clock.pendingTimers, 0);
});

test("requests of another format stay, and are delivered within the time of the shutdown", async () => {
  const { create, clock, accounts } = exporter();
  const before = { up: false };
  const numbers: number[] = [];
  const old = create(async ({ number }) => {
    if (!before.up) throw new Error("connection refused");
    numbers.push(number);
  });
  await old.start(noHost);
  await fill(old, 3);
  const heir = create(down, { format: "another" });
  await old.handOver(heir);
  const stopped = old.shutdown(30_000);
  await heir.start(noHost);
  await clock.advance(1000);
  before.up = true;
  await clock.advance(10_000);
  await stopped;
  await heir.shutdown(0);
  assert.deepEqual(numbers, [0, 1, 2]);
  assert.deepEqual(await accounts(), { sent: 6, dropped: 0, queued: 0 });
});

test("a sender that waits for the result gets its data back at once", async () => {
  for (const queue of [false, { wait_for_result: true }] as const) {
    const { create, accounts, metric } = exporter();
    const old = create(down, { queue: queue && { ...queue, num_consumers: 1 } });
    await old.start(noHost);
    const results = [old.consume(gauges(1)), old.consume(gauges(1))].map((result) =>
      assert.rejects(result, RetryableError),
    );
    await setImmediate();
    await old.handOver(create(down, { queue }));
    await Promise.all(results);
    await assert.rejects(old.consume(gauges(1)), RetryableError);
    await old.shutdown(30_000);
    assert.deepEqual(await accounts(), { sent: 0, dropped: 0, queued: 0 });
    const givenBack = [
      await metric("send_failed_metric_points"),
      await metric("enqueue_failed_metric_points"),
    ];
    assert.deepEqual(givenBack, queue ? [2, 1] : [3, 0], "each attempt is counted, once");
  }
});

test("a storage that both use is let go of; its points count as queued, not as restored", async () => {
  const { create, metric, accounts } = exporter();
  const storage = new FakeStorage();
  const old = create(down, stored("file_storage"));
  await old.start(storage.host);
  await fill(old, 12);
  const { numbers, send } = recordingBackend();
  // Another format does not matter: what is stored goes out as it was made.
  const heir = create(send, { ...stored("file_storage"), format: "another" });
  await old.handOver(heir);
  assert.equal(storage.isOpen, false);
  await heir.start(storage.host);
  await old.shutdown(30_000);
  assert.equal(storage.isOpen, true, "the old one has nothing more to do with it");
  assert.equal(await metric("queue_restored_metric_points"), 0);
  await setImmediate();
  await heir.shutdown(30_000);
  assert.deepEqual(
    numbers,
    Array.from({ length: 12 }, (_, i) => i),
  );
  assert.deepEqual(await accounts(), { sent: 24, dropped: 0, queued: 0 });
});

test("what is on its way into a storage when that is let go of goes along, or is counted as left there", async () => {
  for (const next of ["memory", "none"] as const) {
    const { create, balance, metric } = exporter();
    const storage = new FakeStorage();
    const old = create(down, stored("file_storage"));
    await old.start(storage.host);
    await fill(old, 2);
    storage.hold();
    const last = old.consume(gauges(1));
    await setImmediate();
    const { numbers, send } = recordingBackend();
    const heir = create(send);
    const handed = old.handOver(next === "memory" ? heir : undefined);
    await setImmediate();
    storage.release();
    await Promise.all([last, handed]);
    await heir.start(noHost);
    await setImmediate();
    await heir.shutdown(30_000);
    await old.shutdown(0);
    assert.deepEqual(numbers, next === "memory" ? [0, 1, 2] : []);
    assert.equal(storage.entries.size, next === "memory" ? 0 : 3);
    assert.equal(await metric("queue_left_metric_points"), next === "memory" ? 0 : 5);
    assert.deepEqual(await balance(5), { in: 5, out: 5 });
  }
});

test("from memory to a storage and back nothing is lost and the order stays", async () => {
  const { create, accounts } = exporter();
  const storage = new FakeStorage();
  const memory = create(down);
  await memory.start(noHost);
  await fill(memory, 12);
  const persistent = create(down, stored("file_storage"));
  await memory.handOver(persistent);
  await memory.shutdown(0);
  await persistent.start(storage.host);
  assert.equal(storage.entries.size, 12);
  await fill(persistent, 3);
  assert.deepEqual(await accounts(), { sent: 0, dropped: 0, queued: 30 });

  const { numbers, send } = recordingBackend();
  const again = create(send, { queue: { num_consumers: 1 } });
  await persistent.handOver(again);
  await persistent.shutdown(0);
  assert.equal(storage.entries.size, 0);
  await again.start(storage.host);
  await setImmediate();
  await again.shutdown(1000);
  assert.deepEqual(
    numbers,
    Array.from({ length: 15 }, (_, i) => i),
  );
  assert.deepEqual(await accounts(), { sent: 30, dropped: 0, queued: 0 });
});

test("what a memory has no room for stays in the storage, and is there when that comes back", async () => {
  const { create, metric, logs } = exporter();
  const storage = new FakeStorage();
  const persistent = create(down, stored("file_storage"));
  await persistent.start(storage.host);
  await fill(persistent, 12);
  const memory = create(down, { queue: { queue_size: 5 } });
  await persistent.handOver(memory);
  await persistent.shutdown(0);
  await memory.start(noHost);
  assert.equal(storage.entries.size, 7);
  assert.equal(await metric("queue_metric_points"), 10);
  const warning = logs.find(({ level }) => level === "warn");
  assert.deepEqual(warning?.fields, { storage: "file_storage", data_points: 14 });

  const again = create(down, stored("file_storage"));
  await memory.handOver(again);
  await memory.shutdown(0);
  await again.start(storage.host);
  assert.equal(await metric("queue_metric_points"), 24);
  assert.equal(await metric("dropped_metric_points"), 0);
});

test("storages may be exchanged: each point is somewhere, also while its storage is not in use", async () => {
  const { create, metric, balance } = exporter();
  const [a, b] = [new FakeStorage(), new FakeStorage()];
  let last = create(down, stored("file_storage"));
  await last.start(a.host);
  await fill(last, 4);
  const queued = async (storage: FakeStorage) => {
    const next = create(down, stored("file_storage"));
    await last.handOver(next);
    await last.shutdown(0);
    await next.start(storage.host);
    last = next;
    return await metric("queue_metric_points");
  };
  assert.equal(await queued(b), 0);
  assert.deepEqual(await balance(8), { in: 8, out: 8 });
  assert.equal(await metric("queue_left_metric_points"), 8);
  await fill(last, 4);
  assert.equal(await queued(a), 8);
  assert.equal(await queued(b), 8);
  assert.equal(await queued(b), 8);
  assert.deepEqual(await balance(16), { in: 32, out: 32 });
  await last.shutdown(0);
  assert.deepEqual(await balance(16), { in: 32, out: 32 }, "what the end of the process leaves is left");
  assert.equal(await metric("queue_metric_points"), 0);
});

test("without a successor a storage is let go of, in the course of a shutdown too; a memory is not", async () => {
  const { create, clock, metric, logs, balance } = exporter();
  const storage = new FakeStorage();
  const persistent = create(down, stored("file_storage"));
  await persistent.start(storage.host);
  const memory = create(down);
  await memory.start(noHost);
  await fill(persistent, 4);
  await fill(memory, 1);
  const stopped = [persistent.shutdown(30_000), assert.rejects(memory.shutdown(30_000), /2 data points/)];
  await clock.advance(1000);
  await Promise.all([persistent.handOver(undefined), memory.handOver(undefined)]);
  await stopped[0];
  assert.equal(storage.isOpen, false);
  assert.equal(await metric("queue_left_metric_points"), 8);
  const warning = logs.find(({ level }) => level === "warn");
  assert.deepEqual(warning?.fields, { storage: "file_storage", data_points: 8 });
  assert.equal(await metric("queue_metric_points"), 2);
  await clock.advance(29_000);
  await stopped[1];
  assert.deepEqual(await balance(10), { in: 10, out: 10 });
});

test("a successor that cannot start passes on what it had taken over", async () => {
  const { create, accounts } = exporter();
  const storage = new FakeStorage();
  const old = create(down);
  await old.start(noHost);
  await fill(old, 4);
  const bad = create(down, stored("file_storage"));
  await old.handOver(bad);
  await old.shutdown(0);
  storage.failWrites = new StorageError("full", "disk full");
  await assert.rejects(bad.start(storage.host), /did not take the data/);
  const { numbers, send } = recordingBackend();
  const restored = create(send, { queue: { num_consumers: 1 } });
  await bad.handOver(restored);
  await bad.shutdown(0);
  await restored.start(noHost);
  await setImmediate();
  await restored.shutdown(0);
  assert.deepEqual(numbers, [0, 1, 2, 3]);
  assert.deepEqual(await accounts(), { sent: 8, dropped: 0, queued: 0 });
});

test("a chain that has handed over before has nothing more to give, and says nothing of its storage", async () => {
  const { create, metric, accounts } = exporter();
  const storage = new FakeStorage();
  const old = create(down, stored("file_storage"));
  await old.start(storage.host);
  await fill(old, 4);
  const { send } = recordingBackend();
  const bad = create(send, stored("file_storage"));
  await old.handOver(bad);
  await bad.start(storage.host);
  await setImmediate();
  assert.equal(await metric("sent_metric_points"), 8);
  // What was started beside it could not be: the reload goes back.
  const restored = create(down, stored("file_storage"));
  await Promise.all([bad.handOver(restored), old.handOver(restored)]);
  await Promise.all([bad.shutdown(0), old.shutdown(0)]);
  await restored.start(storage.host);
  assert.deepEqual(await accounts(), { sent: 8, dropped: 0, queued: 0 });
  await restored.shutdown(0);
});

test("a successor that is shut down before its start counts what it had taken over as dropped", async () => {
  const { create, accounts } = exporter();
  const old = create(down);
  await old.start(noHost);
  await fill(old, 4);
  const heir = create(down);
  await old.handOver(heir);
  await old.shutdown(0);
  await assert.rejects(heir.shutdown(0), /8 data points were lost/);
  assert.deepEqual(await accounts(), { sent: 0, dropped: 8, queued: 0 });
});

test("a chain in the course of its shutdown still hands over", async () => {
  const { create, clock, accounts } = exporter();
  const old = create(down, { queue: { num_consumers: 2 } });
  await old.start(noHost);
  await fill(old, 6);
  const stopped = old.shutdown(30_000);
  await clock.advance(7000);
  const { numbers, send } = recordingBackend();
  const heir = create(send, { queue: { num_consumers: 1 } });
  await old.handOver(heir);
  await stopped;
  await heir.start(noHost);
  await setImmediate();
  await heir.shutdown(0);
  assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(await accounts(), { sent: 12, dropped: 0, queued: 0 });
  assert.equal(clock.pendingTimers, 0);
});

test("whatever is reloaded when, every request is sent once, in order, and each point is in one place", async () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant("consume" as const), points: fc.integer({ min: 1, max: 5 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.nat(20_000) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("backend" as const), up: fc.boolean() }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("reload" as const),
        stored: fc.boolean(),
        consumers: fc.integer({ min: 1, max: 3 }),
        // The new configuration cannot be started and the old one comes back.
        fails: fc.boolean(),
      }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.boolean(), async (steps, ordered) => {
      const { create, clock, metric, accounts } = exporter();
      const storage = new FakeStorage();
      let backendUp = true;
      const arrived: number[] = [];
      const send: Send = async ({ number }) => {
        await setImmediate();
        if (!backendUp) throw new Error("connection refused");
        arrived.push(number);
      };
      const chainOf = (isStored: boolean, num_consumers: number) =>
        create(send, {
          queue: { num_consumers, preserve_order: ordered, ...(isStored && { storage: "file_storage" }) },
        });
      const replace = async (former: DeliveryChain<Numbered>, next: DeliveryChain<Numbered>) => {
        await former.handOver(next);
        void former.shutdown(30_000);
      };
      let isStored = false;
      let current = chainOf(isStored, 1);
      await current.start(storage.host);
      let accepted = 0;
      let points = 0;
      for (const one of steps) {
        switch (one.do) {
          case "consume":
            await current.consume(gauges(one.points));
            accepted++;
            points += one.points;
            break;
          case "advance":
            await clock.advance(one.ms);
            break;
          case "backend":
            backendUp = one.up;
            break;
          case "reload": {
            const next = chainOf(one.stored, one.consumers);
            await replace(current, next);
            current = next;
            if (one.fails) {
              current = chainOf(isStored, one.consumers);
              await replace(next, current);
            }
            if (!one.fails) isStored = one.stored;
            await current.start(storage.host);
          }
        }
        const { sent, dropped, queued } = await accounts();
        assert.deepEqual([sent + queued, dropped], [points, 0]);
      }
      backendUp = true;
      await clock.advance(120_000);
      await current.shutdown(0);
      assert.equal(await metric("sent_metric_points"), points);
      assert.equal(await metric("queue_restored_metric_points"), 0);
      assert.equal(storage.entries.size, 0);
      const all = Array.from({ length: accepted }, (_, i) => i);
      assert.deepEqual(ordered ? arrived : arrived.toSorted((a, b) => a - b), all);
      assert.equal(clock.pendingTimers, 0);
    }),
    { numRuns: 200 },
  );
});
