import { execFile } from "node:child_process";
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Root of the checkout. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** What `bin/otelcol-kubevirt` is built of. */
const SOURCES = ["src", join("examples", "virt-handler-sim")];
const ENTRY = join(root, "dist", "src", "cli", "main.js");
const STAMP = join(root, "dist", ".built-for-tests");
const LOCK = join(root, "node_modules", ".build-for-tests.lock");
/** A lock of a run that was killed is set aside after so long. */
const STALE_LOCK_MS = 60_000;

let built: Promise<void> | undefined;

/**
 * Builds the package when `dist` is missing or older than the sources, once for all test files, which run in
 * processes of their own. Nothing is removed first: another test file may be running what is there.
 * @throws with the compiler's output when it does not build
 */
export function ensureBuilt(): Promise<void> {
  built ??= build();
  return built;
}

async function build(): Promise<void> {
  if (isFresh()) return;
  await lock();
  try {
    if (isFresh()) return;
    const startedAt = new Date();
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    await promisify(execFile)(process.execPath, [tsc, "-p", "tsconfig.build.json", "--noEmitOnError"], {
      cwd: root,
    });
    writeFileSync(STAMP, "");
    // What was saved while the compiler ran is newer than this.
    utimesSync(STAMP, startedAt, startedAt);
  } catch (error) {
    const { stdout = "" } = error as { stdout?: string };
    throw new Error(`the package does not build\n${stdout}`, { cause: error });
  } finally {
    await rm(LOCK, { recursive: true, force: true });
  }
}

function isFresh(): boolean {
  if (!existsSync(ENTRY)) return false;
  const builtAt = Math.max(modified(ENTRY), existsSync(STAMP) ? modified(STAMP) : 0);
  return SOURCES.every((source) => newest(join(root, source)) <= builtAt);
}

function newest(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .reduce((latest, name) => Math.max(latest, modified(join(directory, name))), 0);
}

function modified(path: string): number {
  return statSync(path).mtimeMs;
}

async function lock(): Promise<void> {
  for (;;) {
    try {
      await mkdir(LOCK);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const age = Date.now() - (statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > STALE_LOCK_MS) await rm(LOCK, { recursive: true, force: true });
    else await delay(50);
  }
}
