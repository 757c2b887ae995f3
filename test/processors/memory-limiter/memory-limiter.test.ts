import assert from "node:assert/strict";
import { test } from "node:test";
import { createNoopMeter } from "@opentelemetry/api";
import { RetryableError, type StatusEvent, systemClock } from "../../../src/component/index.ts";
import { Batch } from "../../../src/metrics/index.ts";
import definition from "../../../src/processors/memory-limiter/index.ts";
import { limitsOf } from "../../../src/processors/memory-limiter/limits.ts";
import { MemoryLimiter } from "../../../src/processors/memory-limiter/memory-limiter.ts";
import {
  type MemoryUse,
  processMemory,
  totalMemory,
} from "../../../src/processors/memory-limiter/process-memory.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { everyKindBatch } from "../../support/batches.ts";

const MIB = 1024 * 1024;

function rig(config: Record<string, unknown>, freedByGc = 0) {
  let use: MemoryUse = { resident: 0, live: 0, heapShare: 0 };
  let collections = 0;
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
    {
      measure: () => use,
      collectGarbage() {
        collections++;
        use = { ...use, live: use.live - freedByGc * MIB, resident: use.resident - freedByGc * MIB };
      },
    },
    1000 * MIB,
  );
  limiter.start();
  return {
    statuses,
    collections: () => collections,
    passed: () => passed,
    isScheduled: () => tick !== undefined,
    stop: () => limiter.shutdown(),
    look(liveMib: number, residentMib = liveMib, heapShare = 0) {
      use = { live: liveMib * MIB, resident: residentMib * MIB, heapShare };
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

test("resident memory counts while it may be in use, a full heap always", async () => {
  const it = rig({ limit_mib: 100, spike_limit_mib: 10 });
  it.look(50, 95);
  assert.equal(await it.takes(), false);
  it.look(40, 95);
  assert.ok(await it.takes(), "the allocator has room that it uses again");
  it.look(10, 10, 0.95);
  assert.equal(await it.takes(), false);
});

test("collects garbage first, seldom above the soft limit and always above the hard one", async () => {
  const helped = rig({ limit_mib: 100 }, 20);
  helped.look(85);
  assert.ok(await helped.takes());
  assert.equal(helped.collections(), 1);
  const it = rig({ limit_mib: 100 });
  for (let i = 0; i < 5; i++) it.look(85);
  assert.equal(it.collections(), 1);
  for (let i = 0; i < 5; i++) it.look(101);
  assert.equal(it.collections(), 6);
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
  const memory = processMemory();
  const before = memory.measure();
  const buffer = new Uint8Array(64 * MIB).fill(1);
  const during = memory.measure();
  assert.ok(during.live - before.live >= 60 * MIB, `${during.live - before.live}`);
  assert.ok(during.resident > before.resident);
  assert.equal(buffer.length, 64 * MIB);
  memory.collectGarbage();
  assert.ok(totalMemory() > 16 * MIB);
});
