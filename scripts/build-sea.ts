/**
 * Builds a single executable that needs neither Node.js nor node_modules: `npm run build:sea [-- --output FILE]`, by
 * default dist-sea/otelcol-kubevirt for the platform it is built on. Modules
 * of one's own load as long as they import nothing of the package.
 */
import { execFileSync } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundle } from "./sea/bundle.ts";

/** Marks the place in the node binary; part of Node.js. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

const root = fileURLToPath(new URL("../", import.meta.url));
const suffix = process.platform === "win32" ? ".exe" : "";
const postject = fileURLToPath(import.meta.resolve("postject/dist/cli.js"));
const { values } = parseArgs({ options: { output: { type: "string" } } });
const output = resolve(values.output ?? join(root, "dist-sea", `otelcol-kubevirt${suffix}`));

const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
const directory = await mkdtemp(join(tmpdir(), "otelcol-kubevirt-sea-"));
try {
  const main = join(directory, "main.cjs");
  const blob = join(directory, "blob");
  const config = join(directory, "sea.json");
  await bundle(main, version);
  await writeFile(
    config,
    JSON.stringify({
      main,
      output: blob,
      disableExperimentalSEAWarning: true,
      useCodeCache: true,
      assets: { "otel-config.yaml": join(root, "otel-config.yaml") },
    }),
  );
  execFileSync(process.execPath, ["--experimental-sea-config", config], { stdio: "pipe" });
  await mkdir(dirname(output), { recursive: true });
  // A running executable cannot be written to, but its name can be taken.
  await rm(output, { force: true });
  await copyFile(process.execPath, output);
  await chmod(output, 0o755);
  const mac = process.platform === "darwin";
  if (mac) execFileSync("codesign", ["--remove-signature", output]);
  const segment = mac ? ["--macho-segment-name", "NODE_SEA"] : [];
  const inject = [postject, output, "NODE_SEA_BLOB", blob, "--sentinel-fuse", FUSE, ...segment];
  // By its command line, for it warns about sections of the binary that it does not need; an error still shows them.
  execFileSync(process.execPath, inject, { stdio: "pipe" });
  if (mac) execFileSync("codesign", ["--sign", "-", output]);
  console.log(output);
} finally {
  await rm(directory, { recursive: true, force: true });
}
