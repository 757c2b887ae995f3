import { type BigIntStats, readFileSync, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { reveal, Secret } from "../config/index.ts";

/** A file changed within this time is read again even if its times look the same: their clock ticks in steps. */
const SETTLED_AFTER_MS = 3000;

/** A small text file whose content is wanted again and again; it is read only when it may have changed. */
export class WatchedFile {
  readonly path: string;
  readonly #now: () => number;
  /** A secret is redacted wherever text leaves the process, as long as it is held here. */
  #content: string | Secret | undefined;
  #fingerprint = "";
  #settled = false;
  #isSecret = false;

  /** @param now milliseconds since the epoch */
  constructor(path: string, now: () => number = Date.now) {
    this.path = path;
    this.#now = now;
  }

  /** One whose text, and each line of it, must not leave the process. */
  static ofSecret(path: string, now: () => number): WatchedFile {
    const file = new WatchedFile(path, now);
    file.#isSecret = true;
    return file;
  }

  /**
   * The content as it is now; costs one stat while the file is left alone. Symbolic links are followed, as
   * Kubernetes swaps them when it updates a mounted secret.
   * @throws the file system's error; the next call looks again
   */
  async read(): Promise<string> {
    // The times of before the read: a write in between makes the next call read again.
    const status = await stat(this.path, { bigint: true });
    if (this.#isCurrent(status)) return textOf(this.#content);
    return this.#keep(status, await readFile(this.path, "utf8"));
  }

  /** The same for those who cannot wait. @throws the file system's error */
  readSync(): string {
    const status = statSync(this.path, { bigint: true });
    if (this.#isCurrent(status)) return textOf(this.#content);
    return this.#keep(status, readFileSync(this.path, "utf8"));
  }

  /** The next call reads the file, whether it looks changed or not. */
  forget(): void {
    this.#settled = false;
  }

  #isCurrent(status: BigIntStats): boolean {
    return this.#content !== undefined && this.#settled && fingerprintOf(status) === this.#fingerprint;
  }

  #keep(status: BigIntStats, content: string): string {
    if (this.#content === undefined || content !== textOf(this.#content))
      this.#content = this.#isSecret ? new Secret(content) : content;
    this.#fingerprint = fingerprintOf(status);
    this.#settled = Math.abs(this.#now() - Number(status.mtimeMs)) > SETTLED_AFTER_MS;
    return content;
  }
}

function textOf(content: string | Secret | undefined): string {
  return content instanceof Secret ? reveal(content) : (content ?? "");
}

function fingerprintOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}
