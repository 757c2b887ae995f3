import { reveal, Secret } from "../config/index.ts";
import { CollectorError } from "../errors/index.ts";
import type { HttpClient } from "../net/index.ts";
import type { PrometheusHttpConfig } from "./http-options.ts";
import { secretFrom } from "./secret-file.ts";

/** A token is not used in the last seconds of its life. */
const EARLY_MS = 10_000;
const MAX_RESPONSE_BYTES = 1024 * 1024;

type OAuth2Config = NonNullable<PrometheusHttpConfig["oauth2"]>;

interface Token {
  readonly type: string;
  /** Held, so that it is redacted wherever it is quoted. */
  readonly value: Secret;
  readonly goodUntilMs: number;
  readonly secret: string;
}

export interface OAuth2TokenSettings {
  readonly config: OAuth2Config;
  /** For the token server. */
  readonly client: HttpClient;
  readonly timeoutMs: number;
  /** Milliseconds of a clock that is never set. */
  readonly monotonic: () => number;
}

/** The Authorization header of OAuth 2.0 client credentials (RFC 6749 section 4.4), renewed before it expires. */
export class OAuth2Token {
  readonly #settings: OAuth2TokenSettings;
  #token: Token | undefined;
  #fetching: Promise<Token> | undefined;
  /** Whether the server wants the client's credentials in the body; found out by trying. */
  #inBody = false;

  constructor(settings: OAuth2TokenSettings) {
    this.#settings = settings;
  }

  /** @throws CollectorError when there is no token to be had */
  async header(): Promise<string> {
    const { config, monotonic } = this.#settings;
    const secret = await secretFrom(config.client_secret, config.client_secret_file, "client_secret_file");
    const token = this.#token;
    if (token !== undefined && token.secret === secret && monotonic() < token.goodUntilMs)
      return headerOf(token);
    this.#fetching ??= this.#fetch(secret).finally(() => {
      this.#fetching = undefined;
    });
    this.#token = await this.#fetching;
    return headerOf(this.#token);
  }

  async #fetch(secret: string): Promise<Token> {
    const first = await this.#request(secret, this.#inBody);
    if (!("problem" in first)) return first;
    // Servers differ in where they want the credentials, and say so by any status.
    const second = await this.#request(secret, !this.#inBody);
    if ("problem" in second) throw new CollectorError("SCRAPE_AUTH", `no OAuth 2.0 token: ${first.problem}`);
    this.#inBody = !this.#inBody;
    return second;
  }

  async #request(secret: string, inBody: boolean): Promise<Token | { readonly problem: string }> {
    const { config, client, timeoutMs, monotonic } = this.#settings;
    const { client_id, scopes, endpoint_params, token_url } = config;
    const form = new URLSearchParams({ ...endpoint_params, grant_type: "client_credentials" });
    if (scopes.length > 0) form.set("scope", scopes.join(" "));
    const headers: Record<string, string> = {
      "content-type": "application/x-www-form-urlencoded",
      accept: "application/json",
    };
    if (inBody) {
      form.set("client_id", client_id);
      form.set("client_secret", secret);
    } else {
      const pair = `${formEncoded(client_id)}:${formEncoded(secret)}`;
      headers["authorization"] = `Basic ${Buffer.from(pair).toString("base64")}`;
    }
    const asked = monotonic();
    const { status, body } = await client.post({
      url: token_url,
      headers,
      body: Buffer.from(form.toString()),
      timeoutMs,
      maxResponseBytes: MAX_RESPONSE_BYTES,
    });
    if (status < 200 || status > 299) return { problem: `${token_url} answered status ${status}` };
    return readToken(body, asked, secret) ?? { problem: `${token_url} answered without an access_token` };
  }
}

function readToken(body: Buffer, askedMs: number, secret: string): Token | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
  const { access_token, token_type, expires_in } = (answer ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof access_token !== "string" || !/^[\x21-\x7e]+$/.test(access_token)) return undefined;
  const seconds = Number(expires_in);
  const type =
    typeof token_type === "string" && token_type.toLowerCase() !== "bearer" ? token_type : "Bearer";
  return {
    type,
    value: new Secret(access_token),
    goodUntilMs: seconds > 0 ? askedMs + seconds * 1000 - EARLY_MS : Number.POSITIVE_INFINITY,
    secret,
  };
}

function headerOf({ type, value }: Token): string {
  return `${type} ${reveal(value)}`;
}

/** RFC 6749 section 2.3.1: the parts of the Basic credentials are form-encoded first. */
function formEncoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
