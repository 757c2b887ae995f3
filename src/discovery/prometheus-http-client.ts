import { reveal, type Secret } from "../config/index.ts";
import { CollectorError } from "../errors/index.ts";
import { HttpClient, type HttpClientConfig, type HttpClientSettings, type TlsVersion } from "../net/index.ts";
import type { PrometheusHttpConfig, PrometheusTlsConfig, ProxyConfig } from "./http-options.ts";
import { OAuth2Token } from "./oauth2-token.ts";
import { secretFrom } from "./secret-file.ts";

export interface PrometheusHttpClientSettings
  extends Pick<HttpClientSettings, "logger" | "userAgent" | "environment" | "now"> {
  readonly config: PrometheusHttpConfig;
  /** For fetching a token. */
  readonly tokenTimeoutMs: number;
  readonly monotonic: () => number;
}

/** An HTTP client by the options of Prometheus. Credentials from files are read for each request. */
export class PrometheusHttpClient {
  readonly client: HttpClient;
  readonly #config: PrometheusHttpConfig;
  readonly #tokenClient: HttpClient | undefined;
  readonly #token: OAuth2Token | undefined;

  private constructor(
    config: PrometheusHttpConfig,
    client: HttpClient,
    tokenClient: HttpClient | undefined,
    token: OAuth2Token | undefined,
  ) {
    this.#config = config;
    this.client = client;
    this.#tokenClient = tokenClient;
    this.#token = token;
  }

  /** @throws CollectorError TLS_FILE when a certificate or key is missing or unusable */
  static async open(settings: PrometheusHttpClientSettings): Promise<PrometheusHttpClient> {
    const { config, tokenTimeoutMs: timeoutMs, monotonic } = settings;
    const client = await HttpClient.open(clientSettings(settings, config.tls_config, config));
    const { oauth2 } = config;
    if (oauth2 === undefined) return new PrometheusHttpClient(config, client, undefined, undefined);
    try {
      const tokenClient = await HttpClient.open(clientSettings(settings, oauth2.tls_config, oauth2));
      const token = new OAuth2Token({ config: oauth2, client: tokenClient, timeoutMs, monotonic });
      return new PrometheusHttpClient(config, client, tokenClient, token);
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  get followRedirects(): boolean {
    return this.#config.follow_redirects;
  }

  /**
   * The headers of the next request that no other host may see.
   * @throws CollectorError when a file cannot be read or no token can be had
   */
  async credentials(): Promise<Readonly<Record<string, string>>> {
    const headers: Record<string, string> = {};
    for (const [name, { values, secrets, files }] of Object.entries(this.#config.http_headers)) {
      const read = await Promise.all(
        files.map((file) => secretFrom(undefined, file, `http_headers ${name}`)),
      );
      headers[name.toLowerCase()] = sendable(name, [...values, ...secrets.map(reveal), ...read].join(", "));
    }
    const authorization = await this.#authorization();
    return authorization === undefined
      ? headers
      : { ...headers, authorization: sendable("authorization", authorization) };
  }

  async close(): Promise<void> {
    await Promise.all([this.client.close(), this.#tokenClient?.close()]);
  }

  async #authorization(): Promise<string | undefined> {
    const { basic_auth: basic, authorization, bearer_token, bearer_token_file } = this.#config;
    if (basic !== undefined) {
      const username = await secretFrom(basic.username, basic.username_file, "username_file");
      const password = await secretFrom(basic.password, basic.password_file, "password_file");
      return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    }
    if (this.#token !== undefined) return await this.#token.header();
    const token = async (
      value: Secret | undefined,
      file: string | undefined,
      option: string,
      type: string,
    ) =>
      value === undefined && file === undefined
        ? undefined
        : `${type} ${await secretFrom(value, file, option)}`;
    if (authorization !== undefined) {
      const { credentials, credentials_file, type } = authorization;
      return await token(credentials, credentials_file, "credentials_file", type);
    }
    return await token(bearer_token, bearer_token_file, "bearer_token_file", "Bearer");
  }
}

function clientSettings(
  settings: PrometheusHttpClientSettings,
  tls: PrometheusTlsConfig | undefined,
  proxy: ProxyConfig,
): HttpClientSettings {
  const { logger, userAgent, environment = process.env, now } = settings;
  const config: HttpClientConfig = { ...(tls && { tls: tlsOptions(tls) }) };
  const base = { logger, ...(userAgent !== undefined && { userAgent }), ...(now !== undefined && { now }) };
  if (proxy.proxy_from_environment) return { ...base, config, environment };
  const { proxy_url, no_proxy } = proxy;
  if (proxy_url === undefined || no_proxy === undefined) {
    // Without proxy_url there is no proxy, whatever the environment says.
    return { ...base, config: { ...config, proxy_url }, environment: {} };
  }
  // The rules of no_proxy are those of the environment's NO_PROXY.
  return {
    ...base,
    config,
    environment: { HTTP_PROXY: proxy_url, HTTPS_PROXY: proxy_url, NO_PROXY: no_proxy },
  };
}

const versions = { TLS10: "1.0", TLS11: "1.1", TLS12: "1.2", TLS13: "1.3" } as const satisfies Record<
  PrometheusTlsConfig["min_version"],
  TlsVersion
>;

function tlsOptions(tls: PrometheusTlsConfig): NonNullable<HttpClientConfig["tls"]> {
  return {
    insecure: false,
    insecure_skip_verify: tls.insecure_skip_verify,
    ca_file: tls.ca_file,
    ca_pem: tls.ca,
    include_system_ca_certs_pool: false,
    cert_file: tls.cert_file,
    cert_pem: tls.cert,
    key_file: tls.key_file,
    key_pem: tls.key,
    server_name_override: tls.server_name,
    min_version: versions[tls.min_version],
    max_version: versions[tls.max_version],
    reload_interval: 0,
  };
}

/** The text, if a header can carry it: what a file holds is not known before. */
function sendable(name: string, value: string): string {
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return value;
  throw new CollectorError("SCRAPE_AUTH", `header ${name} would hold characters that no header can carry`);
}
