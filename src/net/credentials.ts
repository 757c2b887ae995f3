import { reveal } from "../config/index.ts";
import { CollectorError, errorText } from "../errors/index.ts";
import type { AuthorizationConfig } from "./authorization.ts";
import { WatchedFile } from "./watched-file.ts";

/** The value of the Authorization header, its token file read again when it changes. */
export class Credentials {
  readonly #config: AuthorizationConfig;
  readonly #file: WatchedFile | undefined;

  constructor(config: AuthorizationConfig, now: () => number) {
    this.#config = config;
    this.#file =
      config.credentials_file === undefined ? undefined : WatchedFile.ofSecret(config.credentials_file, now);
  }

  /**
   * `<type> <credentials>`.
   * @throws CollectorError COMPONENT_START when the file cannot be read or holds no token
   */
  async refresh(): Promise<string> {
    const { type, credentials } = this.#config;
    if (credentials !== undefined) return `${type} ${reveal(credentials).trim()}`;
    return `${type} ${await this.#token()}`;
  }

  async #token(): Promise<string> {
    const name = `credentials_file ${JSON.stringify(this.#file?.path)}`;
    let token: string | undefined;
    try {
      token = (await this.#file?.read())?.trim();
    } catch (cause) {
      throw new CollectorError("COMPONENT_START", `${name} cannot be read: ${errorText(cause)}`, { cause });
    }
    if (token === undefined || token === "") throw new CollectorError("COMPONENT_START", `${name} is empty`);
    // Never show what is in it; a header can hold visible ASCII and blanks only.
    if (!/^[\x20-\x7e]+$/.test(token)) {
      throw new CollectorError("COMPONENT_START", `${name} holds characters that no header can carry`);
    }
    return token;
  }
}
