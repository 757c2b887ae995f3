import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readCases } from "../interop/processors/cases.ts";
import { readRecorded } from "../interop/processors/recorded.ts";
import { runHere } from "../interop/processors/run-here.ts";

/**
 * What a Collector makes of the same configurations and data was written down by `test/interop/processors.interop.ts`
 * (docs/interop.md), so that it need not be there.
 */
for (const { name: group, cases } of readCases()) {
  describe(`${group}: as a Collector does it, or as said`, () => {
    const recorded = readRecorded(group);
    for (const one of cases) {
      test(one.name, async () => {
        const { collector, here } = recorded[one.name] ?? {};
        assert.ok(collector !== undefined, "not recorded");
        if (one.deviation === undefined) {
          assert.deepEqual(await runHere(one), collector);
        } else {
          assert.deepEqual(await runHere(one), here);
          assert.notDeepEqual(here, collector, `no longer so: ${one.deviation}`);
        }
      });
    }

    test("nothing is recorded that is no case", () => {
      assert.deepEqual(Object.keys(recorded).sort(), cases.map(({ name }) => name).sort());
    });
  });
}

test("docs/interop.md lists every deviation, and how many cases there are", async () => {
  const text = await readFile(join(import.meta.dirname, "..", "..", "docs", "interop.md"), "utf8");
  const cases = readCases().flatMap((group) => group.cases);
  const reasons = new Set(cases.flatMap(({ deviation }) => deviation ?? []));
  assert.deepEqual(
    [...reasons].filter((reason) => !text.includes(`| ${reason.replaceAll("|", "\\|")} |`)),
    [],
  );
  assert.match(text, new RegExp(`\\| ${cases.length.toLocaleString("en")} cases `));
});
