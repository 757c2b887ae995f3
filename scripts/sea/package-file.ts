import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { getRawAsset } from "node:sea";

/**
 * Stands in for src/cli/package-file.ts in the single executable, where the package's files are assets: the path of a
 * copy that lasts as long as the process.
 */
export function packageFile(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), "otelcol-kubevirt-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, basename(name));
  writeFileSync(path, new Uint8Array(getRawAsset(name)));
  return path;
}
