import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, cp, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ensureBuilt, root } from "../support/built-tree.ts";
import { temporaryDirectory } from "../support/certificates.ts";

/** Options as a careful author has them; nothing is skipped, the declarations themselves are checked too. */
const compilerOptions = {
  target: "es2024",
  module: "nodenext",
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  skipLibCheck: false,
  noEmit: true,
  types: [],
};

/** What an installation of the package brings: itself, and what its declarations name. */
const PACKAGES = [
  "zod",
  "@opentelemetry/api",
  "@opentelemetry/core",
  "@opentelemetry/resources",
  "@opentelemetry/sdk-metrics",
];

/** The code of docs/custom-processors.md: the processor, and who sent what. The test is run by test/docs. */
async function documented(): Promise<readonly [string, string]> {
  const docs = await readFile(join(root, "docs", "custom-processors.md"), "utf8");
  const blocks = [...docs.matchAll(/```ts\n(.*?)```/gs)].map(([, code = ""]) => code);
  assert.equal(blocks.length, 3);
  return blocks.slice(0, 2) as [string, string];
}

/** Declarations and what leads to them; a copy, so that nothing is found by the way of a link. */
async function install(from: string, to: string): Promise<void> {
  const filter = async (source: string) =>
    (await stat(source)).isDirectory() || /(\.d\.[cm]?ts|package\.json)$/.test(source);
  await cp(from, to, { recursive: true, filter });
}

test("custom modules compile against the declarations of the package, in a project that has nothing else", async (t) => {
  await ensureBuilt();
  const directory = await temporaryDirectory(t);
  const modules = join(directory, "node_modules");
  const own = join(modules, "otelcol-kubevirt");
  await install(join(root, "dist", "src"), join(own, "dist", "src"));
  await copyFile(join(root, "package.json"), join(own, "package.json"));
  for (const name of PACKAGES) await install(join(root, "node_modules", name), join(modules, name));
  await writeFile(join(directory, "package.json"), '{ "type": "module" }');
  await writeFile(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  await copyFile(join(import.meta.dirname, "custom-module.ts"), join(directory, "custom-module.ts"));
  for (const name of ["tenant.ts", "top-vms.ts", "namespace-cost.ts"])
    await copyFile(join(root, "examples", "custom-processor", name), join(directory, name));
  const [processor, sender] = await documented();
  await writeFile(join(directory, "docs.ts"), processor);
  await writeFile(join(directory, "docs-sender.ts"), sender);
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", directory], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
});
