import assert from "node:assert/strict";
import { test } from "node:test";
import { components } from "../../src/distribution/index.ts";
import { benchCases } from "./steps.ts";

test("every processor and connector is measured, with a configuration that is valid", () => {
  const all = [...components.processors, ...components.connectors];
  const steps = Object.values(benchCases({})).flatMap((one) => one.steps);
  assert.deepEqual(
    [...new Set(steps.map(([type]) => type))].toSorted(),
    all.map(({ type }) => type).toSorted(),
  );
  for (const [type, config] of steps) all.find((one) => one.type === type)?.config.parse(config);
});
