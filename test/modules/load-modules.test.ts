import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { formatDiagnostics } from "../../src/config/index.ts";
import { Batch } from "../../src/metrics/index.ts";
import { type LoadedConfig, Service } from "../../src/service/index.ts";
import type { LogFields } from "../../src/telemetry/index.ts";
import { gaugeBatch, quiet, type Recorded } from "../support/components.ts";
import { CONFIG, directory, load, problemOf, recorded, run } from "./support.ts";

const TENANT = (value: string) => `
import { defineProcessor, type MetricsBatch, z } from "otelcol-kubevirt";
import { tag } from "./tag.ts";

export default defineProcessor({
  type: "tenant",
  stability: "alpha",
  config: z.strictObject({ label: z.string().default("tenant").describe("Attribute to set.") }),
  create({ config }) {
    return {
      process(batch: MetricsBatch) {
        return batch.map(({ resource, scopeMetrics }) => ({
          resource: { attributes: { ...resource.attributes, [config.label]: tag("${value}") } },
          scopeMetrics,
        }));
      },
    };
  },
});
`;
const TAG = 'export const tag = (value: string): string => ["<", value, ">"].join("");\n';

function tenantOf(result: Recorded): unknown {
  return result.received.get("rec")?.[0]?.resourceMetrics[0]?.resource.attributes["tenant"];
}

test("a TypeScript file beside the configuration is a component", async (t) => {
  const root = await directory(t, {
    "config.yaml": CONFIG("./tenant.ts"),
    "tenant.ts": TENANT("a"),
    "tag.ts": TAG,
  });
  const loaded = await load(root);
  assert.equal(tenantOf(await run(loaded)), "<a>");
  assert.deepEqual(
    loaded.files.toSorted(),
    ["config.yaml", "tag.ts", "tenant.ts"].map((name) => join(root, name)),
  );
  assert.ok(loaded.components.processors.some(({ type }) => type === "tenant"));
});

test("a changed module, or what it imports, is loaded anew and makes another component", async (t) => {
  const root = await directory(t, {
    "config.yaml": CONFIG("./tenant.ts"),
    "tenant.ts": TENANT("a"),
    "tag.ts": TAG,
  });
  const first = await load(root);
  const again = await load(root);
  const fingerprint = (loaded: LoadedConfig) => loaded.config?.processors.get("tenant")?.fingerprint;
  assert.equal(fingerprint(again), fingerprint(first));
  await writeFile(join(root, "tag.ts"), TAG.replace("<", "["));
  const changed = await load(root);
  assert.notEqual(fingerprint(changed), fingerprint(first));
  assert.equal(tenantOf(await run(changed)), "[a>");
});

test("JavaScript modules, lists of components and installed packages work too", async (t) => {
  const definition = (type: string) =>
    `defineProcessor({ type: "${type}", stability: "alpha", config: z.strictObject({}), create: () => ({ process: (b) => b }) })`;
  const root = await directory(t, {
    "config.yaml": CONFIG("some-package", "one: , two: ", "one, two"),
    "node_modules/some-package/package.json":
      '{"name":"some-package","type":"module","exports":"./main.mjs"}',
    "node_modules/some-package/main.mjs": `import { defineProcessor, z } from "otelcol-kubevirt";
export default [${definition("one")}, ${definition("two")}];`,
  });
  assert.equal((await run(await load(root))).received.get("rec")?.length, 1);
});

test("what is wrong with a module is told at its place", async (t) => {
  const cases: readonly [module: string, text: string | undefined, expected: RegExp][] = [
    [
      "./gone.ts",
      undefined,
      /config\.yaml:7:7: error: service::modules::0: module \.\/gone\.ts does not exist/,
    ],
    ["gone-package", undefined, /module "gone-package" is neither a path .* nor a package installed near/],
    [".", undefined, /module \. is a directory; name the file in it, such as \.\/index\.ts/],
    ["./x.yaml", "a: 1", /unknown extension, allowed are \.ts, \.mts, \.js, \.mjs/],
    ["./x.ts", "export const a = 1;", /has no default export; write "export default defineProcessor/],
    [
      "./x.ts",
      TENANT("a")
        .replace('import { tag } from "./tag.ts";', "const tag = String;")
        .replace("export default", "export const tenant ="),
      /has no default export; write "export default tenant"/,
    ],
    [
      "./x.ts",
      "enum Color { Red }; export default Color;",
      /enum .*x\.ts:1.*; types are stripped, not compiled: write without enum, namespace/,
    ],
    [
      "./x.ts",
      'import { defineProcesor } from "otelcol-kubevirt"; export default defineProcesor({});',
      /does not provide an export named 'defineProcesor' \(at .*x\.ts:1\)/,
    ],
    [
      "./x.ts",
      "export default 7;",
      /the default export is no component: it is a number; make it with defineProcessor/,
    ],
    ["./x.ts", "export default [];", /exports an empty list/],
    [
      "./x.ts",
      "export default { kind: 'processor', type: 'a b' };",
      /its type must be a letter .* got "a b"/,
    ],
    ["./x.ts", "export default {{{", /could not be loaded: .*x\.ts:1/s],
    ["./x.ts", "\nthrow new Error('no database');", /could not be loaded: no database \(at .*x\.ts:2:7\)/],
    ["./x.ts", 'import "./y.ts"; export default 1;', /could not be loaded: .*y\.ts/],
    [
      "./x.ts",
      TENANT("a")
        .replace('import { tag } from "./tag.ts";', "const tag = String;")
        .replace('type: "tenant"', 'type: "vandal"'),
      /brings a processor of type "vandal", which there is already; give it another type/,
    ],
  ];
  for (const [module, text, expected] of cases) {
    const files = { "config.yaml": CONFIG(module), ...(text !== undefined && { [module.slice(2)]: text }) };
    assert.match(await problemOf(t, files), expected);
  }
});

test("a type that a module may have brought is told of that module, not of all that there is", async (t) => {
  const text = await problemOf(t, { "config.yaml": CONFIG("./gone.ts") });
  assert.match(text, /unknown processor type "tenant"/);
  assert.match(text, /hint: a module that could not be loaded may bring it: \.\/gone\.ts/);
  assert.doesNotMatch(text, /allowed: /);
});

test("options of a module are checked like any others", async (t) => {
  const text = await problemOf(t, { "config.yaml": CONFIG("{ path: ./a.ts, error_mod: ignore }") });
  assert.match(text, /service::modules::0::error_mod: unknown option "error_mod"/);
  assert.match(text, /did you mean "error_mode"/);
});

const THROWING = `import { defineProcessor, z } from "otelcol-kubevirt";
export default defineProcessor({
  type: "tenant", stability: "alpha", config: z.strictObject({}),
  create: () => ({
    process() {
      throw new TypeError("not today");
    },
  }),
});`;

test("an error of custom code goes back to the sender, told with its place", async (t) => {
  const root = await directory(t, { "config.yaml": CONFIG("./x.ts"), "x.ts": THROWING });
  const logs: LogFields[] = [];
  await assert.rejects(run(await load(root), logs), /not today/);
  assert.equal(logs[0]?.["error"], "not today");
  assert.match(String(logs[0]?.["place"]), /x\.ts:6:13$/);
});

test("with error_mode ignore the batch passes on as it was", async (t) => {
  const root = await directory(t, {
    "config.yaml": CONFIG("{ path: ./x.ts, error_mode: ignore }"),
    "x.ts": THROWING,
  });
  const result = await run(await load(root));
  assert.equal(result.received.get("rec")?.length, 1);
});

test("an error from further down is not the custom code's", async (t) => {
  const root = await directory(t, {
    "config.yaml": CONFIG("{ path: ./tenant.ts, error_mode: ignore }"),
    "tenant.ts": TENANT("a"),
    "tag.ts": TAG,
  });
  const logs: LogFields[] = [];
  recorded.behaviour.set("rec", () => Promise.reject(new Error("backend is away")));
  t.after(() => recorded.behaviour.clear());
  await assert.rejects(run(await load(root), logs), /backend is away/);
  assert.deepEqual(logs, []);
});

test("code that does not come back in time is told", async (t) => {
  const root = await directory(t, {
    "config.yaml": CONFIG("{ path: ./x.ts, slow_after: 20ms }"),
    "x.ts": `import { defineProcessor, z } from "otelcol-kubevirt";
export default defineProcessor({
  type: "tenant", stability: "alpha", config: z.strictObject({}),
  create: () => ({ process: (batch) => new Promise((done) => setTimeout(done, 200, batch)) }),
});`,
  });
  const logs: LogFields[] = [];
  await run(await load(root), logs);
  assert.deepEqual(logs, [
    { msg: "Custom code has been working on a batch for a long time.", slow_after_ms: 20 },
  ]);
});

test("an isolated processor works in its own thread, and a broken thread is replaced", async (t) => {
  const root = await directory(t, {
    "config.yaml": CONFIG("{ path: ./x.ts, isolate: worker }"),
    "x.ts": `import { isMainThread } from "node:worker_threads";
import { defineProcessor, z } from "otelcol-kubevirt";
let broken = true;
export default defineProcessor({
  type: "tenant", stability: "alpha", config: z.strictObject({}),
  create: () => ({
    process(batch) {
      const value = batch[0].scopeMetrics[0].metrics[0].dataPoints[0].value;
      if (value === 666) process.exit(3);
      return [{ ...batch[0], resource: { attributes: { tenant: isMainThread ? "main" : "thread" } } }];
    },
  }),
});`,
  });
  const loaded = await load(root);
  assert.ok(loaded.config, formatDiagnostics(loaded.diagnostics.items));
  recorded.received.clear();
  const service = new Service(loaded.config, quiet);
  await service.start();
  const outlet = recorded.outlets.get("rec");
  await assert.rejects(
    async () => outlet?.consume(Batch.from(gaugeBatch("m", 666))),
    /the thread of "tenant" broke down/,
  );
  await outlet?.consume(Batch.from(gaugeBatch("m", 1)));
  assert.equal(tenantOf(recorded), "thread");
  await service.shutdown();
});

test("a create that returns no processor is told before anything runs", async (t) => {
  const root = await directory(t, {
    "config.yaml": CONFIG("./x.ts"),
    "x.ts": `import { defineProcessor, z } from "otelcol-kubevirt";
export default defineProcessor({ type: "tenant", stability: "alpha", config: z.strictObject({}), create: () => ({ proces: (b) => b }) });`,
  });
  const { config } = await load(root);
  assert.ok(config);
  assert.throws(
    () => new Service(config, quiet),
    /must return an object with one of process, layout, processBatch, consume/,
  );
});
