import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatGoNumber } from "../../../examples/virt-handler-sim/index.ts";

// As a Go program printed them.
const PRINTED = [
  "0",
  "1",
  "-1",
  "100",
  "7638",
  "974848",
  "1e+06",
  "4.999544e+06",
  "7.66368e+06",
  "1.887993856e+09",
  "9.9999999999e+10",
  "9.223372036854776e+18",
  "1.8446744073709552e+19",
  "1.7955047470234365e+09",
  "17259.53",
  "1234.567890123",
  "0.123456789",
  "0.0035127739999999998",
  "0.000184119",
  "0.0001",
  "4.9735e-05",
  "1.8656999999999998e-05",
  "9.999999999999999e-06",
  "3.2860000000000004e-06",
  "1e-08",
  "5e-324",
  "1.7976931348623157e+308",
];

test("numbers look as client_golang prints them", () => {
  for (const text of PRINTED) assert.equal(formatGoNumber(Number(text)), text);
  assert.equal(formatGoNumber(-0), "0");
  assert.equal(formatGoNumber(Number.NaN), "NaN");
  assert.equal(formatGoNumber(Number.POSITIVE_INFINITY), "+Inf");
  assert.equal(formatGoNumber(Number.NEGATIVE_INFINITY), "-Inf");
});

test("every number reads back as itself and switches to an exponent where Go does", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = formatGoNumber(value);
      assert.equal(Number(text), value === 0 ? 0 : value);
      const size = Math.abs(value);
      assert.equal(text.includes("e"), value !== 0 && (size < 1e-4 || size >= 1e6));
      assert.match(text, /^-?\d+(\.\d+)?(e[+-]\d{2,3})?$/);
    }),
  );
});
