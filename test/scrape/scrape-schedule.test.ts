import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { firstDelay, ScrapeSchedule } from "../../src/scrape/index.ts";
import { ManualClock } from "./harness.ts";

function schedule(intervalMs: number, scrape: (time: number) => Promise<void>) {
  const clock = new ManualClock();
  const skipped: number[] = [];
  const instance = new ScrapeSchedule({
    intervalMs,
    firstDelayMs: 1000,
    clock,
    scrape,
    onSkipped: (ticks) => skipped.push(ticks),
  });
  return { clock, skipped, instance, start: clock.now() + 1000 };
}

test("scrapes come once an interval and carry the times of their ticks", async () => {
  const times: number[] = [];
  const { clock, instance, start } = schedule(30_000, async (time) => void times.push(time));
  instance.start();
  for (let i = 0; i < 100; i++) {
    clock.advance(1000);
    await Promise.resolve();
    await Promise.resolve();
  }
  assert.deepEqual(times, [start, start + 30_000, start + 60_000, start + 90_000]);
  await instance.stop();
  clock.advance(100_000);
  assert.equal(times.length, 4);
});

test("a tick that comes during a scrape is skipped; stop waits for the scrape", async () => {
  const finish: (() => void)[] = [];
  let running = 0;
  const { clock, skipped, instance } = schedule(1000, () => {
    running += 1;
    assert.equal(running, 1, "scrapes overlap");
    return new Promise<void>((resolve) => {
      finish.push(() => {
        running -= 1;
        resolve();
      });
    });
  });
  instance.start();
  clock.advance(3500);
  assert.equal(finish.length, 1);
  assert.equal(skipped.length, 2);
  finish[0]?.();
  await new Promise(setImmediate);
  clock.advance(1000);
  assert.equal(finish.length, 2);
  let stopped = false;
  const stopping = instance.stop().then(() => {
    stopped = true;
  });
  await new Promise(setImmediate);
  assert.equal(stopped, false);
  finish[1]?.();
  await stopping;
});

test("a scrape that begins late carries its own time, and missed ticks are not made up for", async () => {
  const times: number[] = [];
  const clock = new ManualClock();
  const skipped: number[] = [];
  let task: (() => void) | undefined;
  const instance = new ScrapeSchedule({
    intervalMs: 1000,
    firstDelayMs: 0,
    // A timer that fires when the test says so, as after a blocked event loop or a suspended machine.
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      schedule: (_delay, next) => {
        task = next;
        return () => undefined;
      },
    },
    scrape: async (time) => void times.push(time),
    onSkipped: (ticks) => skipped.push(ticks),
  });
  const start = clock.now();
  const fire = async () => {
    task?.();
    await new Promise(setImmediate);
  };
  instance.start();
  clock.advance(1);
  await fire();
  clock.advance(1500);
  await fire();
  clock.advance(4000);
  await fire();
  assert.deepEqual(times, [start, start + 1501, start + 5501]);
  assert.deepEqual(skipped, [3]);
});

test("a target's phase is its own, stable, and after the initial delay", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.integer({ min: 100, max: 600_000 }),
      fc.nat(60_000),
      fc.nat(2 ** 40),
      (key, interval, initial, now) => {
        const delay = firstDelay(key, interval, initial, now);
        assert.ok(delay >= initial && delay < initial + interval);
        const later = firstDelay(key, interval, initial, now + 777);
        assert.equal((now + delay) % interval, (now + 777 + later) % interval);
      },
    ),
  );
  const delays = new Set(Array.from({ length: 20 }, (_, i) => firstDelay(`target-${i}`, 30_000, 0, 0)));
  assert.ok(delays.size > 15);
});
