import assert from "node:assert/strict";
import { test } from "node:test";
import { OwnTime } from "../../src/service/own-time.ts";

test("what is below does not count, whoever calls it", () => {
  let now = 0;
  const time = new OwnTime(() => now);
  const pass = (ms: number) => {
    now += ms;
  };
  const end = time.enter();
  pass(2);
  const back = time.leave();
  pass(100);
  back();
  pass(3);
  assert.equal(end(), 5);
  // A timer's batch goes down; nobody is inside.
  const late = time.leave();
  pass(50);
  late();
  const again = time.enter();
  pass(1);
  assert.equal(again(), 1);
});

test("calls that overlap share the time in which one of them is inside", () => {
  let now = 0;
  const time = new OwnTime(() => now);
  const first = time.enter();
  const back = time.leave();
  now += 10;
  const second = time.enter();
  now += 4;
  assert.equal(second(), 4);
  now += 10;
  back();
  now += 1;
  assert.equal(first(), 5);
});
