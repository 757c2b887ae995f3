import { access, constants, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type ComponentKind,
  type Settings,
  type StorageClient,
  StorageError,
  type StorageExtension,
  type StorageOperation,
} from "../../component/index.ts";
import { defaultDirectory, type FileStorageConfig } from "./config.ts";
import { DirectoryLock } from "./directory-lock.ts";
import { LogStore } from "./log-store.ts";
import { makeDirectories } from "./make-directories.ts";
import { foldersWithData, syncDirectory } from "./segment.ts";
import { toStorageError } from "./storage-errors.ts";
import { storeName } from "./store-name.ts";
import { createTelemetry, type StorageTelemetry } from "./telemetry.ts";

const SEGMENT_BYTES = 16 * 1024 * 1024;

/** By then every component has asked for its store. */
const ORPHAN_CHECK_MS = 30_000;
const MIB = 1024 * 1024;

/** Keeps data of other components in files: one folder a component, in a directory that is locked. */
export class FileStorageExtension implements StorageExtension {
  readonly #settings: Settings<FileStorageConfig>;
  readonly #directory: string;
  readonly #mode: number;
  /** Open ones by folder; undefined while one is being opened. */
  readonly #stores = new Map<string, LogStore | undefined>();
  /** Deletions that are in force and not written, of stores that were closed on a full disk, as reloads do; by folder. */
  readonly #owed = new Map<string, readonly StorageOperation[]>();
  readonly #failing = new Set<string>();
  readonly #unreadable = new Set<string>();
  readonly #telemetry: StorageTelemetry;
  #lock: DirectoryLock | undefined;
  #cancelCheck: (() => void) | undefined;
  #cancelOrphanCheck: (() => void) | undefined;

  constructor(settings: Settings<FileStorageConfig>) {
    const { config, meter, id } = settings;
    this.#settings = settings;
    this.#directory = config.directory ?? defaultDirectory(process.platform, process.env["ProgramData"]);
    this.#mode = Number.parseInt(config.directory_permissions, 8);
    this.#telemetry = createTelemetry(meter, id, () => this.#openStores());
  }

  /** @throws StorageError when the directory does not exist, cannot be written, or is in use */
  async start(): Promise<void> {
    const { config, clock } = this.#settings;
    const directory = this.#directory;
    if (config.create_directory) await this.#makeDirectory(directory);
    await requireDirectory(directory);
    this.#lock = await DirectoryLock.take(directory, config.timeout, clock);
    if (config.compaction.on_rebound) this.#scheduleCheck();
    this.#scheduleOrphanCheck();
  }

  async client(kind: ComponentKind, id: string, name: string): Promise<StorageClient> {
    if (this.#lock === undefined)
      throw new StorageError("closed", `extension "${this.#settings.id}" is not running`);
    const folder = storeName(kind, id, name);
    if (this.#stores.has(folder)) {
      throw new StorageError(
        "closed",
        `the storage ${folder} of extension "${this.#settings.id}" is open already`,
      );
    }
    this.#stores.set(folder, undefined);
    try {
      const store = await this.#open(folder);
      this.#stores.set(folder, store);
      if (this.#settings.config.compaction.on_start) await store.compact();
      return this.#clientOf(store, folder);
    } catch (error) {
      this.#stores.delete(folder);
      throw error;
    }
  }

  async shutdown(): Promise<void> {
    this.#cancelCheck?.();
    this.#cancelOrphanCheck?.();
    for (const [, store] of this.#openStores()) await store.close();
    this.#stores.clear();
    this.#telemetry.close();
    this.#lock?.release();
    this.#lock = undefined;
  }

  async #open(folder: string): Promise<LogStore> {
    const { config, clock, logger } = this.#settings;
    const directory = join(this.#directory, folder);
    this.#telemetry.opened(folder);
    await this.#makeDirectory(directory);
    return await LogStore.open({
      directory,
      fsync: config.fsync,
      moveBytes: config.compaction.max_transaction_size,
      segmentBytes: SEGMENT_BYTES,
      owed: this.#owed.get(folder),
      logger,
      now: () => clock.now(),
      onDamage: (places) => this.#telemetry.damaged(folder, places),
      onWrite: (error) => this.#reportWrite(folder, error),
    });
  }

  #clientOf(store: LogStore, folder: string): StorageClient {
    return {
      keys: () => store.keys(),
      get: async (key) => {
        try {
          const value = await store.get(key);
          this.#reportRead(folder, undefined);
          return value;
        } catch (error) {
          this.#reportRead(folder, error);
          throw error;
        }
      },
      batch: (operations) => store.batch(operations),
      close: async () => {
        await store.close();
        if (this.#stores.get(folder) !== store) return;
        this.#stores.delete(folder);
        this.#owed.set(folder, store.owed);
        this.#reportKept(folder, store);
        // A reload may have taken the component away for good.
        if (this.#lock !== undefined) this.#scheduleOrphanCheck();
      },
    };
  }

  async #makeDirectory(directory: string): Promise<void> {
    try {
      const first = await makeDirectories(directory, this.#mode);
      if (first !== undefined && this.#settings.config.fsync) await syncDirectory(dirname(first));
    } catch (error) {
      throw toStorageError(error, `cannot make the storage directory ${directory}`);
    }
  }

  *#openStores(): Generator<readonly [string, LogStore]> {
    for (const [folder, store] of this.#stores) if (store !== undefined) yield [folder, store];
  }

  /** In order while all stores can be written to. */
  #reportWrite(folder: string, error: StorageError | undefined): void {
    const { logger, reportStatus } = this.#settings;
    if (error === undefined) {
      if (!this.#failing.delete(folder)) return;
      logger.info("Writing to storage works again.", { store: folder });
      if (this.#failing.size === 0) reportStatus({ status: "ok" });
      return;
    }
    this.#telemetry.writeFailed(folder, error.reason);
    if (this.#failing.has(folder)) return;
    this.#failing.add(folder);
    logger.error("Writing to storage failed.", { store: folder, error });
    reportStatus({ status: "recoverable_error", error });
  }

  /** Whoever reads tries again and shows it as its status; the log says it once. */
  #reportRead(folder: string, error: unknown): void {
    const { logger } = this.#settings;
    if (error === undefined) {
      if (this.#unreadable.delete(folder))
        logger.info("Reading from storage works again.", { store: folder });
      return;
    }
    if (error instanceof StorageError && error.reason === "closed") return;
    if (this.#unreadable.has(folder)) return;
    this.#unreadable.add(folder);
    logger.error("Reading from storage failed.", { store: folder, error });
  }

  /** Where to look for it, should the next configuration name another directory. */
  #reportKept(folder: string, { size, liveBytes }: LogStore): void {
    if (size === 0) return;
    this.#settings.logger.info("Stored data is kept for the next start.", {
      store: join(this.#directory, folder),
      entries: size,
      bytes: liveBytes,
    });
  }

  #scheduleOrphanCheck(): void {
    this.#cancelOrphanCheck?.();
    const { clock } = this.#settings;
    this.#cancelOrphanCheck = clock.schedule(ORPHAN_CHECK_MS, () => void this.#reportOrphans());
  }

  /** Data of a component that was renamed or taken out of the configuration would lie there unnoticed. */
  async #reportOrphans(): Promise<void> {
    const { logger } = this.#settings;
    try {
      for (const folder of await foldersWithData(this.#directory, (name) => !this.#stores.has(name))) {
        logger.warn("Stored data belongs to no component that runs.", {
          store: join(this.#directory, folder),
        });
      }
    } catch (error) {
      logger.warn("The storage directory could not be looked through.", { error });
    }
  }

  #scheduleCheck(): void {
    const { config, clock } = this.#settings;
    const { check_interval, rebound_needed_threshold_mib, rebound_trigger_threshold_mib } = config.compaction;
    this.#cancelCheck = clock.schedule(check_interval, () => {
      for (const [, store] of this.#openStores()) {
        const needed = store.fileBytes >= rebound_needed_threshold_mib * MIB;
        if (needed && store.liveBytes <= rebound_trigger_threshold_mib * MIB) void store.compact();
      }
      this.#scheduleCheck();
    });
  }
}

async function requireDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch((error: unknown) => {
    throw toStorageError(
      error,
      `storage directory ${directory} cannot be used; create_directory: true makes one that does not exist`,
    );
  });
  if (!found.isDirectory()) throw new StorageError("io", `storage directory ${directory} is not a directory`);
  await access(directory, constants.W_OK).catch((error: unknown) => {
    throw toStorageError(error, `storage directory ${directory} cannot be written to`);
  });
}
