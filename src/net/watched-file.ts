import { readFile, stat } from "node:fs/promises";

/** A file changed within this time is read again even if its times look the same: their clock ticks in steps. */
const SETTLED_AFTER_MS = 3000;

/** A small text file whose content is wanted again and again; it is read only when it may have changed. */
export class WatchedFile {
  readonly path: string;
  readonly #now: () => number;
  #content: string | undefined;
  #fingerprint = "";
  #settled = false;

  /** @param now milliseconds since the epoch */
  constructor(path: string, now: () => number = Date.now) {
    this.path = path;
    this.#now = now;
  }

  /**
   * The content as it is now; costs one stat while the file is left alone. Symbolic links are followed, as
   * Kubernetes swaps them when it updates a mounted secret.
   * @throws the file system's error; the next call looks again
   */
  async read(): Promise<string> {
    // The times of before the read: a write in between makes the next call read again.
    const status = await stat(this.path, { bigint: true });
    const fingerprint = `${status.dev}:${status.ino}:${status.size}:${status.mtimeNs}:${status.ctimeNs}`;
    if (this.#content === undefined || !this.#settled || fingerprint !== this.#fingerprint) {
      this.#content = await readFile(this.path, "utf8");
      this.#fingerprint = fingerprint;
      this.#settled = Math.abs(this.#now() - Number(status.mtimeMs)) > SETTLED_AFTER_MS;
    }
    return this.#content;
  }
}
