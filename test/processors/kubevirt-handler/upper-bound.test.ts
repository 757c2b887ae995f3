import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { upperBound } from "../../../src/processors/kubevirt-handler/upper-bound.ts";

test("bounds are written as Python writes floats", () => {
  const cases: readonly (readonly [number, string])[] = [
    [1e-8, "1e-08"],
    [1e-7, "1e-07"],
    [9.999999999999999e-6, "9.999999999999999e-06"],
    [9.999999999999999e-5, "9.999999999999999e-05"],
    [0.0001, "0.0001"],
    [0.001, "0.001"],
    [0.1, "0.1"],
    [0, "0"],
    [-0, "0"],
    [1, "1.0"],
    [2.5, "2.5"],
    [10, "10.0"],
    [-1, "-1.0"],
    [123456789, "123456789.0"],
    [1e15, "1000000000000000.0"],
    [1e16, "1e+16"],
    [1.5e22, "1.5e+22"],
    [1e100, "1e+100"],
    [5e-324, "5e-324"],
  ];
  for (const [bound, text] of cases) assert.equal(upperBound(bound), text);
});

test("whatever is written reads back as the same number", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (bound) => {
      const text = upperBound(bound);
      assert.equal(Number(text), bound === 0 ? 0 : bound);
      assert.match(text, /^(0|-?\d+\.\d+|-?\d(\.\d+)?e[+-]\d{2,3})$/);
    }),
  );
});
