import assert from "node:assert/strict";
import { test } from "node:test";
import { TimeBudget } from "../../../src/processors/memory-limiter/time-budget.ts";

test("work takes a tenth of the time at most", () => {
  let now = 0;
  const budget = new TimeBudget(() => now);
  assert.ok(budget.allows(1e9));
  budget.run(() => {
    now += 50;
  });
  const allowedAfter = (ms: number, least?: number) => {
    const before = now;
    now += ms;
    const allowed = budget.allows(least);
    now = before;
    return allowed;
  };
  assert.equal(allowedAfter(449), false);
  assert.ok(allowedAfter(450));
  assert.equal(allowedAfter(450, 451), false);
  assert.ok(allowedAfter(451, 451));
});
