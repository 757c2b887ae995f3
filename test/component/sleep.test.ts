import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { sleep } from "../../src/component/index.ts";
import { ManualClock } from "../../src/testing/index.ts";

test("a sleep ends with its time or with the signal, and leaves neither timer nor listener", async () => {
  const clock = new ManualClock(0);
  const controller = new AbortController();
  const { signal } = controller;
  const whole = sleep(clock, 1000, signal);
  await clock.advanceTo(1000);
  await whole;
  assert.deepEqual(getEventListeners(signal, "abort"), []);
  const cut = sleep(clock, 1000, signal);
  controller.abort();
  await cut;
  await sleep(clock, 1000, signal);
  assert.equal(clock.next, undefined);
});
