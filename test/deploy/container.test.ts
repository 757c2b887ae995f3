import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { ensureBuilt, root } from "../support/built-tree.ts";
import { temporaryDirectory } from "../support/certificates.ts";

const directory = join(root, "deploy", "container");
const lines = readFileSync(join(directory, "Containerfile"), "utf8")
  .split(/\r?\n/)
  .filter((line) => line !== "" && !line.startsWith("#"));

/** The arguments of an instruction, each time it stands there. */
const of = (instruction: string) =>
  lines
    .filter((line) => line.startsWith(`${instruction} `))
    .map((line) => line.slice(instruction.length + 1).split(/\s+/));

/** What is copied out of the checkout, and where to. */
const copied = of("COPY").filter(([first]) => first?.startsWith("--") !== true);
const sources = copied.flatMap((words) => words.slice(0, -1));
const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly devDependencies: Readonly<Record<string, string>>;
};

test("the image is made of named versions and runs as nobody in particular", () => {
  assert.ok(lines.includes(`ARG NODE_IMAGE=docker.io/library/node:${devDependencies["node"]}-bookworm-slim`));
  assert.deepEqual(
    of("FROM").map(([image]) => image),
    ["NODE_IMAGE", "RUNTIME_IMAGE"].map((argument) => `\${${argument}}`),
  );
  const [[user = ""] = []] = of("USER");
  assert.match(user, /^[1-9]\d*:[1-9]\d*$/);
  assert.ok(lines.lastIndexOf(`USER ${user}`) > lines.findIndex((line) => /^FROM .*RUNTIME/.test(line)));
});

test("what is copied is there, and the ignore file lets it through", () => {
  const allowed = readFileSync(join(directory, "Containerfile.dockerignore"), "utf8");
  for (const source of sources) {
    assert.ok(existsSync(join(root, source)), source);
    assert.ok(allowed.split(/\r?\n/).includes(`!${source}`), source);
  }
});

test("what is in the image is enough to run", async (t) => {
  await ensureBuilt();
  const app = await temporaryDirectory(t);
  const stage = lines.slice(lines.findIndex((line) => /^FROM .*RUNTIME/.test(line)));
  const own = copied
    .filter((words) => stage.includes(`COPY ${words.join(" ")}`))
    .flatMap((words) => words.slice(0, -1));
  for (const source of [...own, "dist"]) cpSync(join(root, source), join(app, source), { recursive: true });
  linkProductionPackages(app);
  const run = (...args: readonly string[]) =>
    promisify(execFile)(process.execPath, [join(app, "bin", "otelcol-kubevirt"), ...args], { cwd: app });
  assert.match((await run("--version")).stdout, /^otelcol-kubevirt \d/);
  assert.match((await run("components")).stdout, /kubevirt_attributes/);
  for (const file of ["otel-config.yaml", ...globSync("pipelines/*.yaml", { cwd: app })]) {
    if (file.endsWith(".test.yaml")) continue;
    await run("validate", "--config", file, "--set", "exporters.otlp_http.endpoint=http://localhost:4318");
  }
});

/** The packages that `npm prune --omit=dev` leaves. */
function linkProductionPackages(app: string): void {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  for (const [path, { dev }] of Object.entries(packages)) {
    if (dev === true || !/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) || !existsSync(join(root, path)))
      continue;
    mkdirSync(dirname(join(app, path)), { recursive: true });
    symlinkSync(join(root, path), join(app, path), "junction");
  }
}
