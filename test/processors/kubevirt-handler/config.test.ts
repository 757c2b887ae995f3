import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import definition from "../../../src/processors/kubevirt-handler/index.ts";

const sample = new URL("../../../src/processors/kubevirt-handler/sample.yaml", import.meta.url);

test("the sample says every option at its default", () => {
  const options = parse(readFileSync(sample, "utf8")).kubevirt_handler;
  const defaults = definition.config.parse({});
  assert.deepEqual(definition.config.parse(options), defaults);
  assert.deepEqual(Object.keys(options).sort(), Object.keys(defaults as object).sort());
});

test("what is not an option or not a value of it is refused", () => {
  for (const wrong of [
    { metric: "all" },
    { metrics: "some" },
    { temporality: "Delta" },
    { vmi_labels: { only: [] } },
    { max_staleness: "0s" },
    { max_staleness: 300 },
  ]) {
    assert.equal(definition.config.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
});
