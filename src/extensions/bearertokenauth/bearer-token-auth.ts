import { createHash, timingSafeEqual } from "node:crypto";
import {
  AuthenticationError,
  type ClientAuthenticator,
  type RequestHeaders,
  type ServerAuthenticator,
  type Settings,
} from "../../component/index.ts";
import { reveal } from "../../config/index.ts";
import { CollectorError, errorText } from "../../errors/index.ts";
import { WatchedFile } from "../../net/index.ts";
import type { BearerTokenConfig } from "./config.ts";

/** Sends a token with each request, and takes requests that bring one. */
export class BearerTokenAuth implements ClientAuthenticator, ServerAuthenticator {
  readonly #header: string;
  readonly #prefix: string;
  readonly #scheme: string;
  readonly #fixed: readonly string[];
  readonly #file: WatchedFile | undefined;

  constructor({ config, clock }: Settings<BearerTokenConfig>) {
    const { header, scheme, token, tokens, filename } = config;
    this.#header = header.toLowerCase();
    this.#scheme = scheme;
    this.#prefix = scheme === "" ? "" : `${scheme} `;
    this.#fixed = [...(token === undefined ? [] : [token]), ...tokens].map((secret) => reveal(secret).trim());
    this.#file = filename === undefined ? undefined : WatchedFile.ofSecret(filename, () => clock.now());
  }

  /** @throws CollectorError AUTH when the file cannot be read or holds no token */
  async start(): Promise<void> {
    await this.#tokens();
  }

  async authorize(headers: RequestHeaders): Promise<RequestHeaders> {
    const [token] = await this.#tokens();
    return { ...headers, [this.#header]: `${this.#prefix}${token}` };
  }

  /** The server may know the next token before the file does. */
  refused(): void {
    this.#file?.forget();
  }

  async authenticate(headers: RequestHeaders): Promise<void> {
    const given = headers[this.#header];
    const tokens = await this.#tokens();
    if (given !== undefined && tokens.some((token) => equal(given, `${this.#prefix}${token}`))) return;
    const problem = given === undefined ? `missing header ${this.#header}` : "the token is not valid";
    throw new AuthenticationError(problem, this.#scheme === "" ? "Bearer" : this.#scheme);
  }

  async #tokens(): Promise<readonly string[]> {
    if (this.#file === undefined) return this.#fixed;
    const name = `token file ${JSON.stringify(this.#file.path)}`;
    let text: string;
    try {
      text = await this.#file.read();
    } catch (cause) {
      throw new CollectorError("AUTH", `${name} cannot be read: ${errorText(cause)}`, { cause });
    }
    const tokens = text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
    if (tokens.length === 0) throw new CollectorError("AUTH", `${name} is empty`);
    // Never shown: what a header cannot carry may be a secret all the same.
    if (tokens.some((token) => !/^[\x20-\x7e]+$/.test(token))) {
      throw new CollectorError("AUTH", `${name} holds characters that no header can carry`);
    }
    return tokens;
  }
}

/** In a time that does not tell how much of it was right. */
function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
