import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Ring } from "../../src/delivery/ring.ts";

test("a ring is a first-in first-out list, however it grows and shrinks", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -150, max: 200 }), { maxLength: 40 }), (steps) => {
      const ring = new Ring<number>();
      const list: number[] = [];
      let next = 0;
      for (const step of steps) {
        for (let i = 0; i < step; i++) {
          ring.push(next);
          list.push(next++);
        }
        for (let i = 0; i > step; i--) {
          assert.equal(ring.peek(), list[0]);
          assert.equal(ring.shift(), list.shift());
        }
        assert.equal(ring.length, list.length);
      }
    }),
  );
});
