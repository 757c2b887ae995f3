import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, readFile, writeFile } from "node:fs/promises";
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
  types: ["node"],
  typeRoots: [join(root, "node_modules", "@types")],
  paths: {
    "otelcol-kubevirt": [join(root, "dist", "src", "index.d.ts")],
    "otelcol-kubevirt/testing": [join(root, "dist", "src", "testing", "index.d.ts")],
  },
};

test("custom modules compile against the declarations of the package", async (t) => {
  await ensureBuilt();
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, "package.json"), '{ "type": "module" }');
  await writeFile(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  await copyFile(join(import.meta.dirname, "custom-module.ts"), join(directory, "custom-module.ts"));
  for (const name of ["tenant.ts", "top-vms.ts", "namespace-cost.ts"])
    await copyFile(join(root, "examples", "custom-processor", name), join(directory, name));
  const docs = await readFile(join(root, "docs", "custom-processors.md"), "utf8");
  const block = /```ts\n(import \{ defineProcessor.*?)```/s.exec(docs)?.[1];
  assert.ok(block, "the processor of docs/custom-processors.md");
  await writeFile(join(directory, "docs.ts"), block);
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", directory], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
});
