import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { main } from "../../src/cli/main.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import { components } from "../../src/distribution/index.ts";
import { compareText, formatMetrics, runPipelineTest } from "../../src/testing/index.ts";
import { writeBody } from "../exposition/protobuf-writer.ts";
import { batchOf, gauge, histogram, point } from "../ottl/support.ts";

const pipelines = resolve(import.meta.dirname, "../../pipelines");

for (const file of globSync("*.test.yaml", { cwd: pipelines })) {
  test(`pipelines/${file}`, async () => {
    const { steps } = await runPipelineTest(join(pipelines, file), { components });
    assert.deepEqual(
      steps.filter(({ diff }) => diff !== undefined),
      [],
    );
  });
}

test("every ready-made pipeline has a test", () => {
  const files = globSync("*.yaml", { cwd: pipelines }).filter((name) => !name.endsWith(".test.yaml"));
  const tests = globSync("*.test.yaml", { cwd: pipelines }).map((name) => name.replace(".test", ""));
  assert.deepEqual(
    files.filter((name) => !tests.includes(name)),
    [],
  );
});

async function copyOf(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "pipeline-test-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await cp(pipelines, directory, { recursive: true });
  return directory;
}

async function run(cwd: string, ...args: string[]): Promise<{ code: number; out: string }> {
  let out = "";
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: () => {},
    errIsTerminal: false,
    cwd,
    env: {},
    stdin: async function* () {},
  };
  return { code: await main(["test", ...args], terminal), out };
}

test("a difference is shown with the metric it belongs to, and fails", async (t) => {
  const directory = await copyOf(t);
  const file = join(directory, "datadog.test.yaml");
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace(/ 12\.5 start=0s time=30s/, " 13 start=0s time=30s"));
  const { code, out } = await run(directory, "datadog.test.yaml", "debug.test.yaml");
  assert.equal(code, 1);
  assert.match(out, /FAILED {2}Datadog gets differences/);
  assert.match(
    out,
    /step 2 \(differences; the vCPU is blocked now and keeps its total\): - expected, \+ arrived/,
  );
  assert.match(
    out,
    /kubevirt_handler\.vmi\.cpu_usage_seconds\.count sum delta monotonic s\n- .* 13 start=0s time=30s\n/,
  );
  assert.match(out, /1 passed, 1 failed\n$/);
});

test("--update writes what arrives and leaves the rest of the file alone", async (t) => {
  const directory = await copyOf(t);
  const file = join(directory, "datadog.test.yaml");
  const before = await readFile(file, "utf8");
  await writeFile(file, before.replace(/ 12\.5 start=0s time=30s/, " 13 start=0s time=30s"));
  assert.equal((await run(directory, "datadog.test.yaml", "--update")).code, 0);
  assert.equal(await readFile(file, "utf8"), before);
});

test("--update keeps to the style of the file, wherever the expectation stands", async (t) => {
  const directory = await copyOf(t);
  const file = join(directory, "style.test.yaml");
  const text = (first: string, second: string, third: string) => `name:   style   # kept
config:
  receivers: { otlp: { protocols: { http: } } }
  exporters: {nop: }
  service: { pipelines: { metrics: { receivers: [otlp], exporters: [ nop ] } } }
steps:
  - expect: ${first}
    scrape: "a 1"

  - { scrape: null, match: subset, expect: ${second} } # also kept
finally:
  expect: ${third}
`;
  await writeFile(file, text("old", "old", "old"));
  assert.equal((await run(directory, "style.test.yaml", "--update")).code, 0);
  const lines = (await readFile(file, "utf8")).split("\n");
  const at = lines.indexOf('    scrape: "a 1"');
  const first = lines.slice(7, at);
  assert.ok(first.includes("        a gauge") && first.includes("          {} 1"), first.join("\n"));
  const second = /expect: ("resource .*a gauge\\n.*\{\} stale.*") \}/.exec(lines[at + 2] ?? "")?.[1];
  assert.ok(second, lines[at + 2]);
  assert.equal(lines.join("\n"), text(`|\n${first.join("\n")}`, second, '""'));
  assert.equal((await run(directory, "style.test.yaml")).code, 0);
});

test("a component that waits for the clock gets it, but no further than to the next step", async (t) => {
  const directory = await copyOf(t);
  const runHolding = async (holdMs: number, first: string, second: string) => {
    await writeFile(
      join(directory, "holding.ts"),
      `import { defineProcessor, z } from "otelcol-kubevirt";
export default defineProcessor({ type: "holding", stability: "alpha", config: z.strictObject({}), create: ({ clock }) => ({
  process: (batch) => new Promise((done) => clock.schedule(${holdMs}, () => done(batch))),
}) });`,
    );
    await writeFile(
      join(directory, "holding.test.yaml"),
      `
config:
  receivers: { otlp: { protocols: { http: } } }
  processors: { holding: }
  exporters: { nop: }
  service:
    modules: [./holding.ts]
    pipelines: { metrics: { receivers: [otlp], processors: [holding], exporters: [nop] } }
resource: { service.name: s }
steps:
  - { name: kept, scrape: "a 1", match: ${first === "" ? "exact" : "subset"}, expect: ${JSON.stringify(first)} }
  - { name: the second, at: 5s, scrape: "a 2", match: subset, expect: ${JSON.stringify(second)} }
`,
    );
    return await run(directory, "holding.test.yaml");
  };
  const a = (...values: number[]) =>
    `resource service.name="s"\n  a gauge\n${values.map((value) => `    {} ${value}\n`).join("")}`;
  const within = await runHolding(4999, a(1), a(2));
  assert.equal(within.code, 0, within.out);
  const beyond = await runHolding(5000, "", a(1, 2));
  assert.equal(beyond.code, 0, beyond.out);
  const forGood = await runHolding(1e9, "", "");
  assert.equal(forGood.code, 1);
  assert.match(forGood.out, /a component has kept a batch and neither handed it on nor refused it/);
});

test("by default input enters at a receiver and comes out at an exporter, whatever connectors are between", async (t) => {
  const directory = await copyOf(t);
  await writeFile(
    join(directory, "connected.test.yaml"),
    `
config:
  receivers: { otlp: { protocols: { http: } } }
  connectors: { forward: }
  exporters: { nop: }
  service:
    pipelines:
      metrics/in: { receivers: [otlp], exporters: [forward] }
      metrics/out: { receivers: [forward], exporters: [nop] }
resource: { service.name: s }
steps:
  - { scrape: "a 1", match: subset, expect: 'resource service.name="s"' }
`,
  );
  const { code, out } = await run(directory, "connected.test.yaml");
  assert.equal(code, 0, out);
});

test("numbers may differ by the tolerance, and only in values", async (t) => {
  const directory = await copyOf(t);
  const file = join(directory, "t.test.yaml");
  const body = (tolerance: number, value: string) => `
config: debug.yaml
steps:
  - scrape: |
      # TYPE kubevirt_vmi_memory_available_bytes gauge
      kubevirt_vmi_memory_available_bytes{name="vm-1",namespace="shop"} 1000
    match: subset
    tolerance: ${tolerance}
    expect: |
      resource server.address="10.244.0.38" server.port="8443" service.instance.id="10.244.0.38:8443" service.name="virt-handler" url.scheme="https"
        kubevirt_handler.vmi.memory_available_bytes gauge By
          {endpoint="https://10.244.0.38:8443/metrics",kube_namespace="kubevirt",name="vm-1",vm_namespace="shop"} ${value}
`;
  const withoutNamespace = (text: string) => text.replace('kube_namespace="kubevirt",', "");
  for (const [tolerance, value, code] of [
    [0.01, "1005", 0],
    [0.001, "1005", 1],
    [0, "1000", 0],
  ] as const) {
    await writeFile(file, withoutNamespace(body(tolerance, value)));
    assert.equal((await run(directory, "t.test.yaml")).code, code, `${tolerance} ${value}`);
  }
});

test("a wrong test file, or a wrong configuration behind it, is told with its place", async (t) => {
  const directory = await copyOf(t);
  await writeFile(join(directory, "bad.test.yaml"), "config: debug.yaml\nsteps:\n  - scrap: x\n");
  const bad = await run(directory, "bad.test.yaml");
  assert.equal(bad.code, 1);
  assert.match(bad.out, /bad\.test\.yaml:3:5: error: steps::0::scrap: unknown option "scrap"/);
  assert.match(bad.out, /did you mean "scrape"/);
  await writeFile(join(directory, "gone.test.yaml"), "config: gone.yaml\nsteps: [{ scrape: x }]\n");
  assert.match((await run(directory, "gone.test.yaml")).out, /gone\.yaml/);
  assert.equal((await run(directory)).code, 1);
});

const through = (more = "") => `
config:
  receivers: { otlp: { protocols: { http: } } }
  processors: { resource: { attributes: [{ key: team, action: upsert, value: "\${env:TEAM} $\${x}" }] } }
  exporters: { nop:, debug: }
  service: { pipelines: { metrics: { receivers: [otlp], processors: [resource], exporters: [nop] } } }
env: { TEAM: red }
resource: { service.name: s }
${more}`;

test("a configuration within the test sees its environment; bodies and expectations stay as they are", async (t) => {
  const directory = await copyOf(t);
  await writeFile(
    join(directory, "env.test.yaml"),
    through(`steps:
  - scrape: 'a{path="$$ \${HOME} $\${x}"} 1'
    match: subset
    expect: |
      resource service.name="s" team="red \${x}"
        a gauge
          {path="$$ \${HOME} $\${x}"} 1
`),
  );
  const { code, out } = await run(directory, "env.test.yaml");
  assert.equal(code, 0, out);
});

test("a body in a file may be binary", async (t) => {
  const directory = await copyOf(t);
  const family = { name: "a", type: "gauge", metrics: [{ labels: { x: "ä" }, gauge: 200.5 }] } as const;
  await writeFile(join(directory, "body.bin"), writeBody(family));
  await writeFile(
    join(directory, "binary.test.yaml"),
    through(`steps:
  - scrape_file: body.bin
    content_type: application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited
    match: subset
    expect: |
      resource service.name="s" team="red \${x}"
        a gauge
          {x="ä"} 200.5
`),
  );
  const { code, out } = await run(directory, "binary.test.yaml");
  assert.equal(code, 0, out);
});

test("what a test file can say by mistake is refused instead of passing", async (t) => {
  const directory = await copyOf(t);
  const rows: readonly (readonly [steps: string, message: RegExp])[] = [
    [
      "[{ scrape: a 1, exporter: debug, expect: '' }]",
      /step 1: no pipeline uses exporter "debug"; there are nop/,
    ],
    ["[{ scrape: a 1, receiver: x }]", /step 1: no pipeline uses receiver "x"; there are otlp/],
    ["[{ scrape: a 1 }, { name: bad, otlp: { resourceMetrics: 5 } }]", /step 2 \(bad\): invalid OTLP\/JSON/],
    ["[{ scrape: a 1, otlp: {} }]", /steps::0::otlp: must not be set beside scrape/],
    ["[{ scrape: a 1, expect: '', expect_file: x }]", /steps::0::expect_file: must not be set beside expect/],
    ["[{ at: 1m }, { at: 30s }]", /steps::1::at: must not be before the step above, which is at 1m0s/],
    // An empty value is nothing, as an empty text is.
    ["[{ scrape: a 1, expect: }]", /step 1: - expected, \+ arrived\n\+ resource/],
  ];
  for (const [steps, message] of rows) {
    await writeFile(join(directory, "wrong.test.yaml"), through(`steps: ${steps}\n`));
    const { code, out } = await run(directory, "wrong.test.yaml");
    assert.equal(code, 1, steps);
    assert.match(out, message);
  }
});

test("attributes that JSON cannot hold are printed too", () => {
  const attributes = {
    big: 2n ** 60n,
    bytes: Uint8Array.of(1, 255),
    nan: Number.NaN,
    list: [1, { a: 2n ** 60n }],
  };
  assert.equal(
    formatMetrics(batchOf([gauge("g", [point(1, attributes)], { unit: "" })])),
    `resource
  g gauge
    {big=1152921504606846976,bytes=0x01ff,list=[1,{"a":1152921504606846976}],nan=NaN} 1
`,
  );
});

test("extremes and exemplars are printed where there are any, and compared with tolerance", () => {
  const value = { buckets: { boundaries: [1], counts: [1, 1] }, count: 2, sum: 3, min: 0.5, max: 2.5 };
  const exemplars = [
    {
      time: [5, 0],
      value: 2.5,
      filteredAttributes: { user: "}" },
      traceId: "0a".repeat(16),
      spanId: "0b".repeat(8),
    },
    { time: [5, 0], value: 0.5, filteredAttributes: {} },
  ];
  const text = formatMetrics(
    batchOf([histogram("h", [point(value, { a: "{" }, { exemplars })], { unit: "" })]),
  );
  const line = (max: number) =>
    `{a="{"} count=2 sum=3 min=0.5 max=${max} buckets=[1:1 +Inf:1] exemplars=[{user="}"} 2.5 trace=${"0a".repeat(16)} span=${"0b".repeat(8)}, {} 0.5]`;
  assert.ok(text.includes(`    ${line(2.5)}\n`), text);
  const compare = (tolerance: number, braces: string) =>
    compareText(`m\n  {b=${braces}} 2 max=2.5\n`, `m\n  {b=${braces}} 2.01 max=2.51\n`, {
      match: "exact",
      tolerance,
    });
  for (const braces of ['"}"', '{"c":"{"}', '"\\"}{"']) {
    assert.equal(compare(0.01, braces), undefined, braces);
    assert.ok(compare(0, braces), braces);
  }
});

test("a difference names each resource and metric once, and puts beside each other what belongs together", () => {
  const text = (b: number, more = "") => `resource a="1"
  m gauge
    {x="1"} 1
    {x="2"} ${b}
  n gauge
    {} 1
${more}`;
  assert.equal(
    compareText(text(2), text(3, '    {y="1"} 2\nresource b="1"\n  m gauge\n    {} 1\n'), {
      match: "exact",
      tolerance: 0,
    }),
    `  resource a="1"
    m gauge
-     {x="2"} 2
+     {x="2"} 3
    n gauge
+     {y="1"} 2
+ resource b="1"
+   m gauge
+     {} 1
`,
  );
});
