import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { lineDiff } from "../../scripts/generate/line-diff.ts";
import { processorExample } from "../../scripts/generate/processor-example.ts";
import { components } from "../../src/distribution/index.ts";

async function exampleOf(t: TestContext, yaml: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "example-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, "example.test.yaml");
  await writeFile(file, yaml);
  return await processorExample(file, components);
}

const example = (statement: string, steps: string) => `
config:
  receivers: { otlp: { protocols: { http: } } }
  processors:
    cumulative_to_delta: {}
    transform: # what it is about
      metric_statements:
        - ${statement}
  exporters: { nop: }
  service:
    pipelines: { metrics: { receivers: [otlp], processors: [cumulative_to_delta, transform], exporters: [nop] } }
resource: { service.name: s }
steps:
${steps}`;

const SCRAPE = (total: number) => `
    scrape: |
      # TYPE a gauge
      a 1
      # TYPE b_total counter
      b_total ${total}
`;

test("an example shows what its last processor changes, step by step", async (t) => {
  const rename = 'set(metric.name, "c") where metric.name == "b_total"';
  const text = await exampleOf(
    t,
    example(
      rename,
      `  - name: not shown, it has no expectation${SCRAPE(1)}
  - name: a difference (of two)${SCRAPE(3)}
    match: subset
    expect: |
      resource service.name="s"
        c sum delta monotonic
          {} 2
  - scrape: null
    match: subset
    expect: ""
`,
    ),
  );
  assert.equal(
    text,
    `
\`\`\`yaml
transform: # what it is about
  metric_statements:
    - ${rename}
\`\`\`

\`\`\`diff
@@ a difference (of two) @@
  resource service.name="s"
    a gauge
      {} 1
-   b_total sum delta monotonic
+   c sum delta monotonic
      {} 2
@@ step 3 @@
  resource service.name="s"
    a gauge
      {} stale
\`\`\`

`,
  );
});

test("what is not so is not shown", async (t) => {
  const wrong = example(
    'set(metric.unit, "s")',
    `  - scrape: a 1
    match: subset
    expect: |
      resource service.name="s"
        a gauge
          {} 2
`,
  );
  await assert.rejects(
    exampleOf(t, wrong),
    /does not pass\nstep 1:\n.*resource service\.name="s"\n.*- .*a gauge/s,
  );
});

test("a difference of lines contains both texts, and nothing is marked that is the same", () => {
  const lines = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 8 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const diff = lineDiff(before, after);
      const without = (mark: string) => diff.filter((line) => line.mark !== mark).map(({ text }) => text);
      assert.deepEqual(without("+"), before);
      assert.deepEqual(without("-"), after);
    }),
  );
  assert.ok(lineDiff(["a", "b"], ["a", "b"]).every(({ mark }) => mark === " "));
  assert.deepEqual(
    lineDiff(["a", "x", "b"], ["a", "y", "b"]).map(({ mark, text }) => mark + text),
    [" a", "-x", "+y", " b"],
  );
});
