import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import {
  type ConfigNode,
  type Diagnostics,
  Diagnostics as DiagnosticsClass,
  formatDiagnostics,
  printConfig,
  resolveConfig,
  validateNode,
  z,
} from "../../src/config/index.ts";
import { exampleSchema } from "./example-schema.ts";
import { resolveTexts } from "./support.ts";

// UPDATE_GOLDENS=1 rewrites the expected files; read the difference before committing it.
const update = process.env["UPDATE_GOLDENS"] === "1";
const fixtures = new URL("fixtures/", import.meta.url);
const env = { TIMEOUT: "20s", NUMBER: "0123", VERSION: "1.3", FLAG: "true", EMPTY: "" };

async function golden(name: string, actual: string): Promise<void> {
  const file = new URL(name, fixtures);
  if (update) await writeFile(file, actual);
  assert.equal(actual, (await readFile(file, "utf8")).replaceAll("\r\n", "\n"));
}

function validateExample(root: ConfigNode, diagnostics: Diagnostics) {
  const entry = root.get("receivers")?.entry("example/1");
  if (entry === undefined) return undefined;
  const path = ["receivers", "example/1"];
  return validateNode(entry.node, exampleSchema, { diagnostics, path, keyPosition: entry.keyPosition });
}

for (const kind of ["bad", "good"] as const) {
  for (const name of (await readdir(new URL(`${kind}/`, fixtures))).filter((file) =>
    file.endsWith(".yaml"),
  )) {
    test(`${kind}/${name}`, async () => {
      const cwd = fileURLToPath(new URL(`${kind}/`, fixtures));
      const { root, diagnostics } = await resolveConfig({ uris: [name], env, cwd });
      const value = validateExample(root, diagnostics);
      const report = formatDiagnostics(diagnostics.items);
      const expected = `${kind}/${name.replace(/\.yaml$/, ".txt")}`;
      assert.equal(diagnostics.hasErrors, kind === "bad");
      assert.doesNotMatch(report, /hunter2|:pw@/);
      await golden(
        expected,
        kind === "bad" ? `${report}\n` : printConfig(value, exampleSchema, { mode: "unredacted" }),
      );
    });
  }
}

test("a reference check has the look of other problems", async () => {
  const { root, diagnostics } = await resolveTexts([
    "service:\n  pipelines: {metrics: {receivers: [kubvirt]}}\n",
  ]);
  diagnostics.error(root.at(["service", "pipelines", "metrics", "receivers", 0]), {
    path: ["service", "pipelines", "metrics"],
    message: 'references receiver "kubvirt" which is not configured',
    name: "kubvirt",
    candidates: ["kubevirt", "otlp"],
  });
  assert.equal(
    formatDiagnostics(diagnostics.items),
    [
      '0.yaml:2:37: error: service::pipelines::metrics: references receiver "kubvirt" which is not configured',
      "      pipelines: {metrics: {receivers: [kubvirt]}}",
      "                                        ^",
      '  hint: did you mean "kubevirt"?',
    ].join("\n"),
  );
  assert.throws(() => diagnostics.throwIfErrors(), { name: "ConfigError", code: "CONFIG_INVALID" });
});

test("the caret lines up behind tabs and in long lines", () => {
  const diagnostics = new DiagnosticsClass();
  const long = `${"x".repeat(500)}here${"y".repeat(500)}`;
  const source = { name: "a", lines: ["\t\tb: 1", long] };
  diagnostics.error({ source, line: 1, column: 6 }, { message: "m" });
  diagnostics.error({ source, line: 2, column: 501 }, { message: "m" });
  const lines = formatDiagnostics(diagnostics.items).split("\n");
  assert.deepEqual(lines.slice(1, 3), ["    \t\tb: 1", "    \t\t   ^"]);
  assert.ok((lines[4] as string).length < 200);
  assert.equal((lines[4] as string).indexOf("here"), (lines[5] as string).indexOf("^"));
});

test("a discriminated union names its alternatives and then checks the chosen one", async () => {
  const schema = z.strictObject({
    exporter: z.discriminatedUnion("type", [
      z.strictObject({ type: z.literal("file"), path: z.string() }),
      z.strictObject({ type: z.literal("net"), port: z.int() }),
    ]),
  });
  const check = async (text: string) => {
    const { root, diagnostics } = await resolveTexts([text]);
    validateNode(root, schema, { diagnostics });
    return diagnostics.items.map(({ path, message, hint }) => [path, message, hint]);
  };
  assert.deepEqual(await check("exporter: {type: fil}"), [
    ["exporter::type", 'unknown value "fil"', 'did you mean "file"?'],
  ]);
  assert.deepEqual(await check("exporter: {type: net, prt: 1}"), [
    ["exporter::port", "is required: expected an integer", undefined],
    ["exporter::prt", 'unknown option "prt"', 'did you mean "port"?'],
  ]);
});

test("no configuration makes validation throw, and failure always comes with an error", async () => {
  const option = fc.constantFrom(...Object.keys(exampleSchema.shape), "nope", "__proto__", "constructor");
  const leaf = fc.oneof(
    fc.constantFrom(`\${env:NUMBER}`, `\${env:EMPTY}`, `\${env:LIST}`),
    fc.jsonValue({ maxDepth: 2 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.dictionary(option, leaf), async (options) => {
      const text = JSON.stringify({ receivers: { "example/1": options } });
      const { root, diagnostics } = await resolveTexts([text], { env: { ...env, LIST: "[{a: null}, 1]" } });
      const value = validateExample(root, diagnostics);
      assert.equal(value === undefined, diagnostics.hasErrors);
      for (const { line, column } of diagnostics.items) assert.ok(line > 0 && column > 0);
      formatDiagnostics(diagnostics.items);
    }),
    { numRuns: 300 },
  );
});
