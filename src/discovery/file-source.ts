import { type FSWatcher, watch } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import type { Clock } from "../component/index.ts";
import { z } from "../config/index.ts";
import { CollectorError, errorText } from "../errors/index.ts";
import { prometheusDuration } from "./prometheus-duration.ts";
import { readGroups } from "./read-groups.ts";
import type { TargetGroup, TargetListener, TargetSource } from "./target-source.ts";

/** Writing a file gives several events. */
const SETTLE_MS = 50;

const fileName = /^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$/;

/** An entry of Prometheus' `file_sd_configs`. */
export const fileSdSchema = z.strictObject({
  files: z
    .array(
      z
        .string()
        .regex(
          fileName,
          "expected a path that ends in .json, .yml or .yaml, with * in its last part at most",
        ),
    )
    .min(1)
    .describe(
      "Files with target groups, `.json`, `.yml` or `.yaml`; `*` and `?` may stand in the last part of a path. Read again when they change.",
    ),
  refresh_interval: prometheusDuration({ min: 1 })
    .prefault("5m")
    .describe("How often to look for changes that no event told of."),
});

export type FileSdConfig = z.output<typeof fileSdSchema>;

/** Targets from files, which are watched. A file that cannot be read or understood keeps the targets it had. */
export class FileSource implements TargetSource {
  readonly #config: FileSdConfig;
  readonly #clock: Clock;
  readonly #watchers = new Map<string, FSWatcher>();
  #known = new Map<string, readonly TargetGroup[]>();
  #listener: TargetListener | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  #cancelRefresh: (() => void) | undefined;
  #cancelSettle: (() => void) | undefined;
  #closed = false;

  constructor(config: FileSdConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  async start(listener: TargetListener): Promise<void> {
    this.#listener = listener;
    await this.#look();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRefresh?.();
    this.#cancelSettle?.();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    await this.#looking;
  }

  /** One look at a time; what changes meanwhile is seen by another one after it. */
  async #look(): Promise<void> {
    if (this.#looking !== undefined) {
      this.#again = true;
      return;
    }
    this.#looking = this.#refresh();
    await this.#looking;
    this.#looking = undefined;
    if (this.#again && !this.#closed) {
      this.#again = false;
      await this.#look();
    }
  }

  async #refresh(): Promise<void> {
    this.#cancelRefresh?.();
    // First, so that a change while the files are read is not missed.
    this.#watch();
    const problems: string[] = [];
    const known = new Map<string, readonly TargetGroup[]>();
    for (const path of await this.#paths(problems)) {
      try {
        const format = extname(path).toLowerCase() === ".json" ? "json" : "yaml";
        known.set(path, readGroups(await readFile(path, "utf8"), format, path, { __meta_filepath: path }));
      } catch (error) {
        problems.push(`file ${JSON.stringify(path)}: ${errorText(error)}`);
        const before = this.#known.get(path);
        if (before !== undefined && !isMissing(error)) known.set(path, before);
      }
    }
    if (this.#closed) return;
    this.#known = known;
    this.#listener?.groups([...known.values()].flat());
    if (problems.length > 0) this.#listener?.failed(new CollectorError("DISCOVERY", problems.join("; ")));
    else this.#listener?.succeeded();
    this.#cancelRefresh = this.#clock.schedule(this.#config.refresh_interval, () => void this.#look());
  }

  async #paths(problems: string[]): Promise<readonly string[]> {
    const paths = new Set<string>();
    for (const pattern of this.#config.files) {
      const name = basename(pattern);
      if (!/[*?]/.test(name)) {
        paths.add(pattern);
        continue;
      }
      const matches = nameMatcher(name);
      try {
        const entries = await readdir(dirname(pattern));
        for (const entry of entries.sort()) if (matches.test(entry)) paths.add(join(dirname(pattern), entry));
      } catch (error) {
        problems.push(`files ${JSON.stringify(pattern)}: ${errorText(error)}`);
        for (const path of this.#known.keys()) {
          if (dirname(path) === dirname(pattern) && matches.test(basename(path))) paths.add(path);
        }
      }
    }
    return [...paths];
  }

  /** Watches each directory, again after it could not be watched. */
  #watch(): void {
    for (const directory of new Set(this.#config.files.map((file) => dirname(file)))) {
      if (this.#watchers.has(directory)) continue;
      try {
        const watcher = watch(directory, { persistent: false }, () => this.#changed());
        this.#watchers.set(directory, watcher);
        watcher.on("error", () => {
          watcher.close();
          this.#watchers.delete(directory);
        });
      } catch {
        // Not there yet: the refresh interval finds it, and says so where a file in it is wanted.
      }
    }
  }

  #changed(): void {
    if (this.#closed) return;
    this.#cancelSettle?.();
    this.#cancelSettle = this.#clock.schedule(SETTLE_MS, () => void this.#look());
  }
}

/** A file that was deleted takes its targets with it. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function nameMatcher(pattern: string): RegExp {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s");
}
