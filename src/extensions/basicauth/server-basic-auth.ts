import {
  type AuthData,
  AuthenticationError,
  type Clock,
  type RequestHeaders,
  type ServerAuthenticator,
} from "../../component/index.ts";
import { reveal } from "../../config/index.ts";
import { CollectorError, errorText } from "../../errors/index.ts";
import type { HtpasswdConfig } from "./config.ts";
import { parseHtpasswd } from "./htpasswd.ts";
import { SecretSource } from "./secret-source.ts";

type Users = ReturnType<typeof parseHtpasswd>;

const CHALLENGE = 'Basic realm="otelcol-kubevirt", charset="UTF-8"';

/** Takes requests of the users of an htpasswd file. */
export class ServerBasicAuth implements ServerAuthenticator {
  readonly #inline: string;
  readonly #file: SecretSource | undefined;
  #text: string | undefined;
  #users: Users = new Map();

  constructor({ file, inline }: HtpasswdConfig, clock: Clock) {
    this.#inline = inline === undefined ? "" : reveal(inline);
    this.#file =
      file === undefined
        ? undefined
        : new SecretSource({ what: "htpasswd file", file, isSecret: true, now: () => clock.now() });
  }

  /** @throws CollectorError AUTH when the file cannot be read or a line cannot be used */
  async start(): Promise<void> {
    await this.#current();
  }

  async authenticate({ authorization }: RequestHeaders): Promise<AuthData> {
    const users = await this.#current();
    const [, encoded = ""] = /^basic ([\w+/=-]+)$/i.exec(authorization ?? "") ?? [];
    const [, user = "", password = ""] =
      /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, "base64").toString()) ?? [];
    if ((await users.get(user)?.check(password)) === true) return { username: user };
    const problem =
      authorization === undefined ? "missing header authorization" : "wrong user name or password";
    throw new AuthenticationError(problem, CHALLENGE);
  }

  /** Parsed anew only when the text has changed. */
  async #current(): Promise<Users> {
    const text = `${(await this.#file?.read()) ?? ""}\n${this.#inline}`;
    if (text !== this.#text) {
      try {
        this.#users = parseHtpasswd(text);
      } catch (cause) {
        throw new CollectorError("AUTH", `htpasswd cannot be used: ${errorText(cause)}`, { cause });
      }
      this.#text = text;
    }
    return this.#users;
  }
}
