import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Footprint } from "../../../src/processors/memory-limiter/footprint.ts";

/** Bytes that count of such memory, after the look at it. */
function look(footprint: Footprint, resident: number, live: number): number {
  footprint.grow({ resident, live });
  return footprint.needed({ resident, live });
}

/** A footprint that has grown to 400, of which a collection left 300 in use. */
function full(): Footprint {
  const footprint = new Footprint({ resident: 60, live: 50 });
  look(footprint, 400, 350);
  footprint.learn({ resident: 400, live: 300 });
  return footprint;
}

test("all that is resident counts while it grows", () => {
  const footprint = new Footprint({ resident: 60, live: 50 });
  for (const resident of [80, 200, 300, 400])
    assert.equal(look(footprint, resident, resident / 1.5), resident);
});

test("what was freed and stays resident does not count, and counts again as it is filled", () => {
  const footprint = full();
  assert.equal(look(footprint, 400, 300), 400);
  assert.equal(look(footprint, 400, 150), 250);
  assert.equal(look(footprint, 400, 280), 380);
  assert.equal(look(footprint, 400, 300), 400);
});

test("what is freed for good does not count either", () => {
  assert.equal(look(full(), 160, 150), 160);
});

test("resident memory that grows beyond its highest counts although much of it was freed", () => {
  const footprint = full();
  assert.equal(look(footprint, 430, 200), 330);
  assert.equal(look(footprint, 420, 200), 330, "it came and went: there was need for it");
  footprint.learn({ resident: 410, live: 200 });
  assert.equal(look(footprint, 410, 200), 330, "a collection that finds more overhead proves nothing");
  footprint.learn({ resident: 300, live: 200 });
  assert.equal(look(footprint, 430, 200), 300);
});

test("says when resident memory has never been so high", () => {
  const footprint = new Footprint({ resident: 60, live: 50 });
  const grows = (resident: number) => footprint.grow({ resident, live: 50 });
  assert.deepEqual([60, 61, 60, 61, 62].map(grows), [false, true, false, false, true]);
});

test("buffers that nobody has written to teach nothing and count for nothing", () => {
  const footprint = full();
  footprint.learn({ resident: 400, live: 700 });
  assert.equal(look(footprint, 400, 700), 400);
  assert.equal(look(footprint, 400, 200), 300);
});

test("never more counts than is resident, nor than twice of what is in use", () => {
  const measurement = fc.record({ resident: fc.nat(1e12), live: fc.nat(1e12), learns: fc.boolean() });
  fc.assert(
    fc.property(fc.array(measurement, { minLength: 1 }), ([first, ...rest]) => {
      const footprint = new Footprint(first as { resident: number; live: number });
      for (const { resident, live, learns } of rest) {
        const needed = look(footprint, resident, live);
        assert.ok(needed <= resident && needed <= 2 * live);
        assert.ok(needed >= Math.min(resident, live));
        if (learns) footprint.learn({ resident, live });
      }
    }),
  );
});
