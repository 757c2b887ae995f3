import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import { ensureBuilt, root } from "../support/built-tree.ts";
import { type Cleanup, temporaryDirectory } from "../support/certificates.ts";
import { read } from "./markdown.ts";

let packed: readonly string[] = [];

before(async () => {
  await ensureBuilt();
  const args = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const { stdout } = spawnSync("npm", args, {
    cwd: root,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  const [{ files }] = JSON.parse(stdout) as [{ files: readonly { readonly path: string }[] }];
  packed = files.map(({ path }) => path);
});

/** A project with what npm packs installed in it, and its dependencies. */
async function project(t: Cleanup): Promise<{ readonly directory: string; readonly installed: string }> {
  const directory = await temporaryDirectory(t);
  const modules = join(directory, "node_modules");
  const installed = join(modules, "otelcol-kubevirt");
  await mkdir(installed, { recursive: true });
  for (const name of await readdir(join(root, "node_modules")))
    if (!name.startsWith("."))
      await symlink(join(root, "node_modules", name), join(modules, name), "junction");
  for (const path of packed) {
    await mkdir(dirname(join(installed, path)), { recursive: true });
    await cp(join(root, path), join(installed, path));
  }
  await writeFile(join(directory, "package.json"), '{ "type": "module" }');
  return { directory, installed };
}

function runNode(args: readonly string[], cwd: string): string {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: "utf8", env });
  assert.equal(status, 0, stdout + stderr);
  return stdout;
}

test("what npm packs runs", async (t) => {
  const { directory, installed } = await project(t);
  const collector = join(installed, "bin", "otelcol-kubevirt");
  runNode([collector, "validate", "--config", join(installed, "otel-config.yaml")], directory);
  runNode([collector, "new", "processor", "mine"], directory);
  runNode([collector, "test", "mine.test.yaml"], directory);
});

test("the test of docs/custom-processors.md passes with it", async (t) => {
  const { directory } = await project(t);
  const [processor, , test] = read("docs/custom-processors.md").blocks.filter(
    ({ language }) => language === "ts",
  );
  await writeFile(join(directory, "tenant.ts"), processor?.text ?? "");
  await writeFile(join(directory, "tenant.test.ts"), test?.text ?? "");
  assert.match(runNode(["--test", "tenant.test.ts"], directory), /pass 1/);
});

test("it has what its README needs, and nothing of its tests", () => {
  const links = [
    ...read("README.md")
      .prose.join("\n")
      .matchAll(/\]\(([\w./-]+)\)/g),
  ].map(([, link = ""]) => link);
  const missing = links.filter(
    (link) => !packed.some((path) => path === link || path.startsWith(`${link}/`)),
  );
  assert.deepEqual(missing, []);
  assert.deepEqual(
    packed.filter((path) => /^(test|scripts)\/|^src\/(?!.*README\.md$)|\.map$/.test(path)),
    [],
  );
});
