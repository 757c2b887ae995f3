import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/**
 * A directory on a file system of its own that holds no more than `size` (such as "1m"), gone after the test; undefined
 * where the process may not mount one: that takes root on Linux.
 */
export function smallDisk(t: TestContext, size: string): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  const directory = mkdtempSync(join(tmpdir(), "small-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", directory], { stdio: "ignore" });
  } catch {
    rmSync(directory, { recursive: true });
    return undefined;
  }
  t.after(() => {
    // Lazily: hooks of the test that close files in it may run later.
    execFileSync("umount", ["-l", directory]);
    rmSync(directory, { recursive: true });
  });
  return directory;
}

/** Makes a small disk read-only or writable. */
export function remount(directory: string, mode: "ro" | "rw"): void {
  execFileSync("mount", ["-o", `remount,${mode}`, directory]);
}
