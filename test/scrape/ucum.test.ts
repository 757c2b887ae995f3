import assert from "node:assert/strict";
import { test } from "node:test";
import { toUcum } from "../../src/scrape/ucum.ts";

test("units of exposition formats become UCUM, unknown ones stay, none is empty", () => {
  const expected = {
    seconds: "s",
    bytes: "By",
    celsius: "Cel",
    percent: "%",
    kibibytes: "KiBy",
    furlongs: "furlongs",
  };
  for (const [unit, ucum] of Object.entries(expected)) assert.equal(toUcum(unit), ucum);
  assert.equal(toUcum("toString"), "toString");
  assert.equal(toUcum(undefined), "");
});
