import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Clock } from "../../component/index.ts";

export interface ConfigWatchOptions {
  readonly files: readonly string[];
  readonly intervalMs: number;
  readonly clock: Clock;
  /** The files are others than they were, and have not changed since the look before. */
  readonly onChange: () => void;
}

/** A file that is being written is looked at again after so long before it is taken. */
const SETTLE_MS = 100;

/**
 * Tells when the content of files has changed. It looks at an interval: notifications of the file system miss what is
 * swapped by links, as Kubernetes does with mounted maps, and what lies on network drives.
 */
export class ConfigWatch {
  readonly #options: ConfigWatchOptions;
  #reported: string | undefined;
  #last: string | undefined;
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(options: ConfigWatchOptions) {
    this.#options = options;
  }

  /** `known`: fingerprint of what changes are seen against; default: what the files hold now. */
  async start(known?: string): Promise<void> {
    this.#reported = known ?? (await fingerprintOf(this.#options.files));
    this.#last = this.#reported;
    this.#schedule(this.#options.intervalMs);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed) return;
    this.#cancel = this.#options.clock.schedule(delayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const now = await fingerprintOf(this.#options.files);
    if (this.#isClosed) return;
    const isSettled = now === this.#last;
    this.#last = now;
    if (now !== this.#reported && isSettled) {
      this.#reported = now;
      this.#options.onChange();
    }
    this.#schedule(now === this.#reported ? this.#options.intervalMs : SETTLE_MS);
  }
}

/** Equal for equal contents. A file that cannot be read counts as one that has changed: the reload will say why. */
export async function fingerprintOf(files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files) {
    const content = await readFile(file).catch((error: NodeJS.ErrnoException) => `unreadable: ${error.code}`);
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}
