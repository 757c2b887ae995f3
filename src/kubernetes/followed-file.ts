import { readFile } from "node:fs/promises";
import { errorText } from "../errors/index.ts";
import { ApiError } from "./api-error.ts";

/** A small file that is read at every use, for requests are few; the last good content outlives a failed read. */
export class FollowedFile {
  readonly #path: string;
  readonly #what: string;
  #content: string | undefined;

  /** @param what names the file in errors, such as "token file" */
  constructor(path: string, what: string) {
    this.#path = path;
    this.#what = what;
  }

  /** @throws ApiError "credentials" while there is no content yet */
  async read(): Promise<string> {
    try {
      const content = await readFile(this.#path, "utf8");
      // A writer that truncates before it writes: the old content is better than none.
      if (content.trim() !== "" || this.#content === undefined) this.#content = content;
    } catch (cause) {
      if (this.#content === undefined) {
        const problem = `${this.#what} ${JSON.stringify(this.#path)} cannot be read: ${errorText(cause)}`;
        throw new ApiError("credentials", problem, { cause });
      }
    }
    return this.#content;
  }
}
