import {
  type ClientAuthenticator,
  type RequestHeaders,
  RetryableError,
  type Settings,
} from "../../component/index.ts";
import { reveal, Secret } from "../../config/index.ts";
import { CollectorError, errorText } from "../../errors/index.ts";
import { HttpClient, WatchedFile } from "../../net/index.ts";
import type { OAuth2ClientConfig } from "./config.ts";
import { parseToken, type Token } from "./token-response.ts";

interface CachedToken extends Token {
  /** On the clock that never jumps. */
  readonly askedAt: number;
  /** On the clock that never jumps; undefined: it has no end. */
  readonly replaceAt: number | undefined;
  /** What it was asked for with: a rotated secret asks anew. */
  readonly secret: string;
  /** Held, so that they are redacted wherever they are quoted. */
  readonly concealed: readonly Secret[];
}

/** A token that is refused is kept for so long all the same: requests that are refused together ask for one new token. */
const LEAST_KEPT_MS = 1000;

const MAX_RESPONSE_BYTES = 64 * 1024;

/** Gets tokens by the client credentials grant (RFC 6749 section 4.4) and sends them with each request. */
export class OAuth2Client implements ClientAuthenticator {
  readonly #settings: Settings<OAuth2ClientConfig>;
  readonly #idFile: WatchedFile | undefined;
  readonly #secretFile: WatchedFile | undefined;
  #client: HttpClient | undefined;
  #token: CachedToken | undefined;
  #asking: Promise<CachedToken> | undefined;

  constructor(settings: Settings<OAuth2ClientConfig>) {
    const { config, clock } = settings;
    this.#settings = settings;
    const now = () => clock.now();
    const { client_id_file, client_secret_file } = config;
    this.#idFile = client_id_file === undefined ? undefined : new WatchedFile(client_id_file, now);
    this.#secretFile =
      client_secret_file === undefined ? undefined : WatchedFile.ofSecret(client_secret_file, now);
  }

  /** Asks for no token yet: a server that is away must not keep the collector from starting. */
  async start(): Promise<void> {
    const { config, logger, build, clock } = this.#settings;
    await this.#credentials();
    this.#client = await HttpClient.open({
      config: { tls: config.tls },
      logger,
      userAgent: `${build.command}/${build.version}`,
      now: () => clock.now(),
    });
  }

  async shutdown(): Promise<void> {
    await this.#client?.close();
    this.#client = undefined;
  }

  /** @throws RetryableError when no token can be had now */
  async authorize(headers: RequestHeaders): Promise<RequestHeaders> {
    const { type, value } = await this.#current();
    return { ...headers, authorization: `${type} ${value}` };
  }

  refused(): void {
    const token = this.#token;
    if (token === undefined) return;
    const { clock } = this.#settings;
    if (clock.monotonic() - token.askedAt >= LEAST_KEPT_MS) this.#token = undefined;
  }

  async #current(): Promise<CachedToken> {
    const { secret } = await this.#credentials();
    const token = this.#token;
    const isFresh = token?.replaceAt === undefined || this.#settings.clock.monotonic() < token.replaceAt;
    if (token !== undefined && isFresh && token.secret === secret) return token;
    // One request for all that wait.
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return await this.#asking;
  }

  async #ask(): Promise<CachedToken> {
    const { config, clock } = this.#settings;
    const { id, secret } = await this.#credentials();
    if (this.#client === undefined) throw new RetryableError("the oauth2client extension is not running");
    // RFC 6749 section 2.3.1: both parts form-encoded before they are joined.
    const basic = Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString("base64");
    const concealedBasic = new Secret(basic);
    const form = new URLSearchParams({ grant_type: "client_credentials" });
    if (config.scopes.length > 0) form.set("scope", config.scopes.join(" "));
    for (const [name, values] of Object.entries(config.endpoint_params)) {
      for (const value of [values].flat()) form.append(name, value);
    }
    const askedAt = clock.monotonic();
    let token: Token;
    try {
      const { status, body } = await this.#client.post({
        url: config.token_url,
        headers: {
          accept: "application/json",
          "content-type": "application/x-www-form-urlencoded",
          authorization: `Basic ${basic}`,
        },
        body: Buffer.from(form.toString()),
        timeoutMs: config.timeout,
        maxResponseBytes: MAX_RESPONSE_BYTES,
      });
      token = parseToken(status, body.toString("utf8"));
    } catch (cause) {
      throw new RetryableError(`no token from ${config.token_url}: ${errorText(cause)}`, { cause });
    }
    const lifeMs = token.expiresInSeconds === undefined ? undefined : token.expiresInSeconds * 1000;
    const replaceAt =
      lifeMs === undefined
        ? undefined
        : clock.monotonic() + lifeMs - Math.min(config.expiry_buffer, lifeMs / 2);
    const concealed = [concealedBasic, new Secret(token.value)];
    this.#token = { ...token, askedAt, replaceAt, secret, concealed };
    return this.#token;
  }

  /** @throws CollectorError AUTH when a file cannot be read */
  async #credentials(): Promise<{ readonly id: string; readonly secret: string }> {
    const { client_id = "", client_secret } = this.#settings.config;
    const text = client_secret === undefined ? "" : reveal(client_secret);
    return {
      id: (await read(this.#idFile, "client_id_file")) ?? client_id,
      secret: (await read(this.#secretFile, "client_secret_file")) ?? text,
    };
  }
}

async function read(file: WatchedFile | undefined, option: string): Promise<string | undefined> {
  try {
    return (await file?.read())?.trim();
  } catch (cause) {
    const name = `${option} ${JSON.stringify(file?.path)}`;
    throw new CollectorError("AUTH", `${name} cannot be read: ${errorText(cause)}`, { cause });
  }
}

function formEncoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
