import { CollectorError, errorText } from "../../errors/index.ts";
import { WatchedFile } from "../../net/index.ts";

export interface SecretSourceSettings {
  /** Names the file in errors. */
  readonly what: string;
  readonly text?: string | undefined;
  readonly file: string | undefined;
  /** What is in the file must not be seen. */
  readonly isSecret: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A text that is given, or stands in a file and may change there; its last line break does not count. */
export class SecretSource {
  readonly #what: string;
  readonly #text: string;
  readonly #file: WatchedFile | undefined;

  constructor({ what, text = "", file, isSecret, now }: SecretSourceSettings) {
    this.#what = what;
    this.#text = text;
    if (file !== undefined)
      this.#file = isSecret ? WatchedFile.ofSecret(file, now) : new WatchedFile(file, now);
  }

  /** The next `read` reads the file, whether it looks changed or not. */
  forget(): void {
    this.#file?.forget();
  }

  /** @throws CollectorError AUTH when the file cannot be read */
  async read(): Promise<string> {
    if (this.#file === undefined) return this.#text;
    try {
      return (await this.#file.read()).replace(/\r?\n$/, "");
    } catch (cause) {
      const name = `${this.#what} ${JSON.stringify(this.#file.path)}`;
      throw new CollectorError("AUTH", `${name} cannot be read: ${errorText(cause)}`, { cause });
    }
  }
}
