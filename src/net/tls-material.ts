import type { SecureContext, SecureContextOptions } from "node:tls";
import { createSecureContext, getCACertificates } from "node:tls";
import { PemSource, versionOptions } from "./pem-source.ts";
import type { TlsClientConfig } from "./tls-config.ts";

/** What a connection needs to know about TLS; immutable, a change of files makes a new one. */
export interface TlsSettings {
  readonly context: SecureContext;
  /** The same without the client certificate, for hosts that are not the configured one. */
  readonly anonymousContext: SecureContext;
  readonly rejectUnauthorized: boolean;
  readonly serverName: string | undefined;
}

interface Pems {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** The certificates and keys of one `tls` section, read again when they change. */
export class TlsMaterial {
  readonly #config: TlsClientConfig | undefined;
  readonly #now: () => number;
  readonly #ca: PemSource | undefined;
  readonly #cert: PemSource | undefined;
  readonly #key: PemSource | undefined;
  #pems: Pems | undefined;
  #current: TlsSettings | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds since the epoch */
  constructor(config: TlsClientConfig | undefined, now: () => number) {
    const hasCa = config?.ca_file !== undefined || config?.ca_pem !== undefined;
    this.#config = config?.insecure === true && !hasCa ? undefined : config;
    this.#now = now;
    this.#ca = PemSource.of("ca", this.#config?.ca_file, this.#config?.ca_pem, now);
    this.#cert = PemSource.of("cert", this.#config?.cert_file, this.#config?.cert_pem, now);
    this.#key = PemSource.of("key", this.#config?.key_file, this.#config?.key_pem, now);
  }

  /**
   * The settings for the files as they are now: the same object as before when nothing changed.
   * @throws CollectorError TLS_FILE naming the file or option; the settings of before stay good
   */
  async refresh(): Promise<TlsSettings> {
    const interval = this.#config?.reload_interval ?? Number.POSITIVE_INFINITY;
    if (this.#current !== undefined && this.#now() - this.#lookedAt < interval) return this.#current;
    const pems: Pems = {
      ca: await this.#ca?.read(),
      cert: await this.#cert?.read(),
      key: await this.#key?.read(),
    };
    const old = this.#pems;
    if (
      this.#current === undefined ||
      pems.ca !== old?.ca ||
      pems.cert !== old?.cert ||
      pems.key !== old?.key
    ) {
      this.#current = this.#build(pems);
      this.#pems = pems;
    }
    // Only now: after a failure the next request looks again, whatever the interval.
    this.#lookedAt = this.#now();
    return this.#current;
  }

  #build(pems: Pems): TlsSettings {
    const config = this.#config;
    if (pems.ca !== undefined) this.#ca?.checkCertificates(pems.ca);
    if (pems.cert !== undefined) this.#cert?.checkCertificates(pems.cert);
    const common = {
      ...versionOptions(config?.min_version ?? "1.2", config?.max_version ?? "1.3"),
      ...caOptions(config, pems.ca),
    };
    const anonymousContext = createSecureContext(common);
    let context = anonymousContext;
    if (pems.cert !== undefined && pems.key !== undefined) {
      try {
        context = createSecureContext({ ...common, cert: pems.cert, key: pems.key });
      } catch (cause) {
        throw this.#key?.unusable(`is no private key for ${this.#cert?.option}`, cause);
      }
    }
    return {
      context,
      anonymousContext,
      rejectUnauthorized: config?.insecure_skip_verify !== true,
      serverName: config?.server_name_override,
    };
  }
}

function caOptions(config: TlsClientConfig | undefined, ca: string | undefined): SecureContextOptions {
  if (config?.include_system_ca_certs_pool !== true) return ca === undefined ? {} : { ca: [ca] };
  const own = ca === undefined ? [] : [ca];
  return { ca: [...own, ...getCACertificates("default"), ...getCACertificates("system")] };
}
