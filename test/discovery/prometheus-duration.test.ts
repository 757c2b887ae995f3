import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  formatPrometheusDuration,
  parsePrometheusDuration,
  prometheusDuration,
} from "../../src/discovery/index.ts";

test("durations are those of Prometheus", () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ["0", 0],
    ["0s", 0],
    ["300ms", 300],
    ["1m", 60_000],
    ["1h30m", 5_400_000],
    ["1d", 86_400_000],
    ["2w", 14 * 86_400_000],
    ["1y1w1d1h1m1s1ms", 31_536_000_000 + 604_800_000 + 86_400_000 + 3_600_000 + 60_000 + 1000 + 1],
    ["", undefined],
    ["1", undefined],
    ["1.5s", undefined],
    ["-1s", undefined],
    ["1m1h", undefined],
    ["1s1s", undefined],
    ["1us", undefined],
    [" 1s", undefined],
    ["1000y", undefined],
  ];
  for (const [text, ms] of cases) assert.equal(parsePrometheusDuration(text), ms, text);
});

test("they are written as Prometheus writes them", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0s"],
    [1, "1ms"],
    [90_000, "1m30s"],
    [86_400_000, "1d"],
    [7 * 86_400_000, "1w"],
    [8 * 86_400_000, "8d"],
    [365 * 86_400_000, "1y"],
  ];
  for (const [ms, text] of cases) assert.equal(formatPrometheusDuration(ms), text);
  fc.assert(
    fc.property(fc.nat(), (ms) => assert.equal(parsePrometheusDuration(formatPrometheusDuration(ms)), ms)),
  );
});

test("the option says what it takes", () => {
  const schema = prometheusDuration({ min: 1 });
  assert.equal(schema.parse("1d"), 86_400_000);
  assert.match(schema.safeParse("1.5s").error?.issues[0]?.message ?? "", /expected a duration such as "30s"/);
  assert.match(schema.safeParse("0s").error?.issues[0]?.message ?? "", /must be at least 1ms, got 0s/);
});
