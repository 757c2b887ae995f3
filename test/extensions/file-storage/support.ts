import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { StorageOperation } from "../../../src/component/index.ts";
import { LogStore, type LogStoreOptions } from "../../../src/extensions/file-storage/log-store.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";

export async function makeDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "file-storage-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A store with small segments, so that few data make many files. */
export function openStore(directory: string, options: Partial<LogStoreOptions> = {}): Promise<LogStore> {
  return LogStore.open({
    directory,
    fsync: false,
    moveBytes: 1000,
    segmentBytes: 2000,
    logger: silentLogger,
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    onDamage() {},
    onWrite(error) {
      if (error !== undefined) throw error;
    },
    ...options,
  });
}

export function put(key: string, value: string | Uint8Array): StorageOperation {
  return { type: "set", key, value: typeof value === "string" ? Buffer.from(value) : value };
}

export function remove(key: string): StorageOperation {
  return { type: "delete", key };
}

export async function contents(store: LogStore): Promise<Record<string, string>> {
  const entries: [string, string][] = [];
  for (const key of await store.keys()) {
    const value = await store.get(key);
    entries.push([key, value === undefined ? "(none)" : Buffer.from(value).toString("latin1")]);
  }
  return Object.fromEntries(entries);
}

export async function logFiles(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => /^\d+\.log$/.test(name)).toSorted();
}
