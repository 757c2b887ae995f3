import { truncateSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type Clock, StorageError } from "../../component/index.ts";
import { formatDuration } from "../../config/index.ts";

/** Result codes of SQLite. */
const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;

const POLL_MS = 50;

/**
 * Keeps a directory to one process. The lock is one of the operating system on the file `lock` in it: it ends with
 * the process, however that ends, and holds between containers too, where process IDs mean nothing. SQLite is the one
 * part of Node.js that takes such locks; the database itself stays empty.
 */
export class DirectoryLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Tries for `timeoutMs`, at least once.
   * @throws StorageError when the lock is still taken then, or the file cannot be written
   */
  static async take(directory: string, timeoutMs: number, clock: Clock): Promise<DirectoryLock> {
    const path = join(directory, "lock");
    const end = clock.monotonic() + timeoutMs;
    // Not before it is needed: older Node.js releases warn on the first use.
    const sqlite = await import("node:sqlite");
    for (;;) {
      const database = tryLock(path, sqlite.DatabaseSync);
      if (database !== undefined) return new DirectoryLock(database);
      if (clock.monotonic() >= end) {
        throw new StorageError(
          "closed",
          `storage directory ${directory} is in use by another collector or extension: its lock was not released within ${formatDuration(timeoutMs)}`,
        );
      }
      await new Promise<void>((resolve) => clock.schedule(POLL_MS, resolve));
    }
  }

  release(): void {
    this.#database.close();
  }
}

/** @returns undefined when somebody else has the lock */
function tryLock(path: string, Database: typeof DatabaseSync): DatabaseSync | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new Database(path);
    // Nothing is ever written, so there is no need for a journal file.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    if (database?.isOpen) database.close();
    const { errcode } = error as { errcode?: number };
    if (errcode === SQLITE_BUSY) return undefined;
    if (errcode === SQLITE_NOTADB) {
      // Somebody wrote to the file. Emptied it is a lock again; removed it would be two for who has it open.
      truncateSync(path);
      return undefined;
    }
    throw new StorageError("io", `cannot lock ${path}`, { cause: error });
  }
}
