import assert from "node:assert/strict";
import { test } from "node:test";
import { createNoopMeter } from "@opentelemetry/api";
import { RetryableError, type StatusEvent, systemClock } from "../../../src/component/index.ts";
import { Batch } from "../../../src/metrics/index.ts";
import { Footprint, type Measurement } from "../../../src/processors/memory-limiter/footprint.ts";
import definition from "../../../src/processors/memory-limiter/index.ts";
import { limitsOf } from "../../../src/processors/memory-limiter/limits.ts";
import { MemoryLimiter } from "../../../src/processors/memory-limiter/memory-limiter.ts";
import {
  type MemoryUse,
  type ProcessMemory,
  processMemory,
  totalMemory,
} from "../../../src/processors/memory-limiter/process-memory.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { everyKindBatch } from "../../support/batches.ts";

const MIB = 1024 * 1024;

/** A process whose memory is as the test says. */
class StubMemory implements ProcessMemory {
  readonly #footprint = new Footprint({ resident: 0, live: 0 });
  use: Measurement = { resident: 0, live: 0 };
  heapShare = 0;
  /** MiB of garbage in it, and of what V8 keeps at hand. */
  garbage = 0;
  pooled = 0;
  collections = 0;
  shrinks = 0;

  measure(): MemoryUse {
    const isRecord = this.#footprint.grow(this.use);
    return { ...this.use, needed: this.#footprint.needed(this.use), isRecord, heapShare: this.heapShare };
  }

  collectGarbage(): void {
    this.collections++;
    this.use = { ...this.use, live: this.use.live - this.garbage * MIB };
    this.garbage = 0;
    this.#footprint.learn(this.use);
  }

  shrink(): void {
    this.shrinks++;
    this.use = { ...this.use, resident: this.use.resident - this.pooled * MIB };
    this.pooled = 0;
    this.#footprint.learn(this.use);
  }
}

function rig(config: Record<string, unknown>) {
  const memory = new StubMemory();
  let now = 0;
  let tick: (() => void) | undefined;
  const statuses: StatusEvent["status"][] = [];
  let passed = 0;
  const limiter = new MemoryLimiter(
    {
      id: "memory_limiter",
      config: definition.config.parse(config),
      logger: silentLogger,
      meter: createNoopMeter(),
      clock: {
        ...systemClock,
        monotonic: () => now,
        schedule(delay, task) {
          tick = () => {
            now += delay;
            task();
          };
          return () => {
            tick = undefined;
          };
        },
      },
      reportStatus: ({ status }) => statuses.push(status),
      build: { command: "test", version: "0" },
      next: {
        async consume() {
          passed++;
        },
      },
    },
    memory,
    1000 * MIB,
  );
  limiter.start();
  return {
    statuses,
    memory,
    passed: () => passed,
    isScheduled: () => tick !== undefined,
    stop: () => limiter.shutdown(),
    look(liveMib: number, residentMib = liveMib, { garbage = 0, pooled = 0 } = {}) {
      memory.use = { live: liveMib * MIB, resident: residentMib * MIB };
      memory.garbage = garbage;
      memory.pooled = pooled;
      tick?.();
    },
    async takes() {
      try {
        await limiter.consume(Batch.from(everyKindBatch()));
        return true;
      } catch (error) {
        assert.ok(error instanceof RetryableError);
        assert.equal(error.message, "data refused due to high memory usage");
        assert.equal(error.retryAfterMs, 1000);
        return false;
      }
    },
  };
}

test("refuses above the soft limit, says so, and takes data again below it", async () => {
  const it = rig({ limit_mib: 100 });
  assert.ok(await it.takes());
  it.look(79);
  assert.ok(await it.takes());
  it.look(80);
  assert.equal(await it.takes(), false);
  it.look(150);
  assert.equal(await it.takes(), false);
  it.look(79);
  assert.ok(await it.takes());
  assert.deepEqual(it.statuses, ["recoverable_error", "ok"]);
  assert.equal(it.passed(), 3);
  it.stop();
  assert.equal(it.isScheduled(), false);
});

test("takes data again when a queue has drained, though what it took stays resident", async () => {
  const it = rig({ limit_mib: 100 });
  it.look(70, 82);
  assert.equal(await it.takes(), false);
  it.look(69, 83);
  assert.equal(await it.takes(), false);
  it.look(45, 83);
  assert.ok(await it.takes(), "the allocator has room that it uses again");
  it.look(66, 83);
  assert.ok(await it.takes());
  it.look(70, 84);
  assert.equal(await it.takes(), false, "the room is used up");
  it.look(30, 84);
  assert.ok(await it.takes());
  assert.deepEqual(it.statuses, ["recoverable_error", "ok", "recoverable_error", "ok"]);
});

test("a collection shows what was freed, not at every look but soon", async () => {
  const it = rig({ limit_mib: 100, min_gc_interval_when_soft_limited: "2s" });
  it.look(82);
  assert.equal(await it.takes(), false);
  it.look(82, 82, { garbage: 40 });
  assert.equal(await it.takes(), false, "not yet");
  it.look(82, 82, { garbage: 40 });
  assert.ok(await it.takes());
});

test("garbage and what V8 keeps at hand are no reason to refuse data", async () => {
  const it = rig({ limit_mib: 100 });
  it.look(85, 85, { garbage: 20, pooled: 20 });
  assert.ok(await it.takes());
  it.look(85, 85, { garbage: 20 });
  assert.ok(await it.takes(), "however soon after");
  assert.deepEqual([it.memory.collections, it.memory.shrinks], [2, 1]);
  it.look(65, 120, { pooled: 50 });
  assert.ok(await it.takes());
  assert.deepEqual(it.statuses, []);
});

test("resident memory must not grow above the limit, but may stay there", async () => {
  const it = rig({ limit_mib: 100 });
  it.look(60, 99);
  it.look(30, 99);
  assert.ok(await it.takes());
  const { shrinks } = it.memory;
  it.look(30, 101, { pooled: 40 });
  assert.equal(it.memory.shrinks, shrinks + 1);
  assert.ok(await it.takes());
  it.look(30, 101);
  it.look(30, 101);
  assert.ok(await it.takes());
  assert.equal(it.memory.shrinks, shrinks + 1);
});

test("a full heap is refused, whatever memory there is", async () => {
  const it = rig({ limit_mib: 100 });
  it.memory.heapShare = 0.95;
  it.look(10);
  assert.equal(await it.takes(), false);
});

test("collects seldom above the soft limit while that does not help, and always above the hard one", () => {
  const it = rig({ limit_mib: 100 });
  for (let i = 0; i < 5; i++) it.look(85);
  assert.equal(it.memory.collections, 1);
  for (let i = 0; i < 5; i++) it.look(101);
  assert.equal(it.memory.collections, 6);
});

test("limits are those that are configured", () => {
  const limits = (config: Record<string, unknown>) => {
    const { soft, hard } = limitsOf(definition.config.parse(config), 1000 * MIB);
    return [soft / MIB, hard / MIB];
  };
  assert.deepEqual(limits({ limit_mib: 100 }), [80, 100]);
  assert.deepEqual(limits({ limit_mib: 100, limit_percentage: 10, spike_limit_mib: 5 }), [95, 100]);
  assert.deepEqual(limits({ limit_percentage: 80, spike_limit_percentage: 30 }), [500, 800]);
  for (const [config, problem] of [
    [{}, /`limit_mib` or `limit_percentage` must be greater than zero/],
    [{ limit_mib: 10, spike_limit_mib: 10 }, /must be smaller than limit_mib \(10\), got 10/],
    [{ limit_percentage: 10, spike_limit_percentage: 20 }, /must be smaller than limit_percentage/],
    [{ limit_mib: 10, check_interval: 0 }, /at least 1ms/],
  ] as const) {
    assert.throws(() => definition.config.parse(config), problem);
  }
});

test("the process's memory is what it holds, buffers included", () => {
  const before = processMemory.measure();
  const buffer = new Uint8Array(64 * MIB).fill(1);
  const during = processMemory.measure();
  assert.ok(during.live - before.live >= 60 * MIB, `${during.live - before.live}`);
  assert.ok(during.resident > before.resident);
  assert.ok(during.needed <= during.resident);
  assert.equal(buffer.length, 64 * MIB);
  assert.ok(totalMemory() > 16 * MIB);
});

for (const collect of ["collectGarbage", "shrink"] as const) {
  test(`buffers that nobody has any more are not in use after ${collect}`, async () => {
    let buffers = Array.from({ length: 2000 }, () => Buffer.allocUnsafeSlow(32 * 1024).fill(1));
    const before = processMemory.measure();
    assert.equal(buffers.length, 2000);
    buffers = [];
    // Out of the stack frame that has seen them.
    await new Promise(setImmediate);
    processMemory[collect]();
    const after = processMemory.measure();
    assert.ok(before.live - after.live > 50 * MIB, `${before.live} and ${after.live} bytes`);
  });
}
