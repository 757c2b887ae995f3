import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { aggregations } from "../../../src/processors/metrics-transform/config.ts";
import { differenceOfFaces, pages, pipelineOf, scraped } from "../../support/two-faces.ts";

const aggregation_type = fc.constantFrom(...aggregations);
const family = fc.constantFrom("g", "c_total", "h", "s");
const anyOf = fc.constantFrom("^[hs]$$", "^(?P<kind>g|g2)$$", "^(?P<kind>g2?)$$", "^c_", "^(h|s|g)", ".*");

const aggregateLabels = fc.record({
  action: fc.constant("aggregate_labels"),
  label_set: fc.subarray(["a", "b", "extra"]),
  aggregation_type,
});
const aggregateValues = fc.record({
  action: fc.constant("aggregate_label_values"),
  label: fc.constantFrom("a", "b"),
  aggregated_values: fc.subarray(["1", "2", "x", "0"], { minLength: 1 }),
  new_value: fc.constantFrom("1", "new"),
  aggregation_type,
});
const operation = fc.oneof(
  { weight: 3, arbitrary: aggregateLabels },
  { weight: 2, arbitrary: aggregateValues },
  {
    weight: 2,
    arbitrary: fc.constantFrom<object>(
      { action: "add_label", new_label: "extra", new_value: "e" },
      { action: "update_label", label: "b", new_label: "a" },
      { action: "delete_label_value", label: "a", label_value: "1" },
      { action: "toggle_scalar_data_type" },
      { action: "experimental_scale_value", experimental_scale: 2 },
    ),
  },
);
const operations = fc.array(operation, { maxLength: 3 });

const chosen = fc.oneof(
  family.map((include) => ({ include })),
  anyOf.map((include) => ({ include, match_type: "regexp" })),
);
const labels = fc.option(
  fc.constantFrom({ a: "1" }, { b: "x" }, { b: "0" }).map((experimental_match_labels) => ({
    experimental_match_labels,
  })),
  { nil: {} },
);
const action = fc.oneof(
  fc.constantFrom<object>({ action: "update" }, { action: "update", new_name: "renamed" }),
  fc.constantFrom<object>({ action: "insert", new_name: "copy" }),
  fc.constantFrom<object>(
    { action: "combine", new_name: "combined", submatch_case: "upper" },
    { action: "combine", new_name: "g", aggregation_type: "max" },
  ),
  fc.constant<object>({ action: "group", group_resource_labels: { grouped: "yes" } }),
);
const transforms = fc.array(
  fc
    .tuple(chosen, labels, action, operations)
    .map(([include, match, what, operations]) => ({ ...include, ...match, ...what, operations })),
  { minLength: 1, maxLength: 3 },
);

test("what has vanished from a scrape counts for nothing: columns give what plain objects do", async () => {
  await fc.assert(
    fc.asyncProperty(pages, transforms, async (said, transforms) => {
      const config = await pipelineOf({ metrics_transform: { transforms } });
      assert.equal(await differenceOfFaces(config, said, await scraped(said)), undefined);
    }),
    { numRuns: 200 },
  );
});
