import { X509Certificate } from "node:crypto";
import type { SecureContext, SecureContextOptions } from "node:tls";
import { createSecureContext, DEFAULT_CIPHERS, getCACertificates } from "node:tls";
import { reveal, type Secret } from "../config/index.ts";
import { CollectorError, errorText } from "../errors/index.ts";
import type { TlsClientConfig, TlsVersion } from "./tls-config.ts";
import { WatchedFile } from "./watched-file.ts";

/** What a connection needs to know about TLS; immutable, a change of files makes a new one. */
export interface TlsSettings {
  readonly context: SecureContext;
  /** The same without the client certificate, for hosts that are not the configured one. */
  readonly anonymousContext: SecureContext;
  readonly rejectUnauthorized: boolean;
  readonly serverName: string | undefined;
}

interface Source {
  readonly option: string;
  readonly read: () => Promise<string>;
}

interface Pems {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

const nodeVersions = {
  "1.0": "TLSv1",
  "1.1": "TLSv1.1",
  "1.2": "TLSv1.2",
  "1.3": "TLSv1.3",
} as const satisfies Record<TlsVersion, string>;

/** The certificates and keys of one `tls` section, read again when they change. */
export class TlsMaterial {
  readonly #config: TlsClientConfig | undefined;
  readonly #now: () => number;
  readonly #ca: Source | undefined;
  readonly #cert: Source | undefined;
  readonly #key: Source | undefined;
  #pems: Pems | undefined;
  #current: TlsSettings | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds since the epoch */
  constructor(config: TlsClientConfig | undefined, now: () => number) {
    const hasCa = config?.ca_file !== undefined || config?.ca_pem !== undefined;
    this.#config = config?.insecure === true && !hasCa ? undefined : config;
    this.#now = now;
    this.#ca = source("ca_file", this.#config?.ca_file, "ca_pem", this.#config?.ca_pem, now);
    this.#cert = source("cert_file", this.#config?.cert_file, "cert_pem", this.#config?.cert_pem, now);
    this.#key = source("key_file", this.#config?.key_file, "key_pem", this.#config?.key_pem, now);
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
    if (pems.ca !== undefined) checkCertificates(this.#ca, pems.ca);
    if (pems.cert !== undefined) checkCertificates(this.#cert, pems.cert);
    const common = { ...versionOptions(config), ...caOptions(config, pems.ca) };
    const anonymousContext = createSecureContext(common);
    let context = anonymousContext;
    if (pems.cert !== undefined && pems.key !== undefined) {
      try {
        context = createSecureContext({ ...common, cert: pems.cert, key: pems.key });
      } catch (cause) {
        throw unusable(this.#key, `is no private key for ${this.#cert?.option}`, cause);
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

function source(
  fileOption: string,
  file: string | undefined,
  pemOption: string,
  pem: Secret | undefined,
  now: () => number,
): Source | undefined {
  if (pem !== undefined) return { option: pemOption, read: () => Promise.resolve(reveal(pem)) };
  if (file === undefined) return undefined;
  const watched = new WatchedFile(file, now);
  const option = `${fileOption} ${JSON.stringify(file)}`;
  const read = async (): Promise<string> => {
    try {
      return await watched.read();
    } catch (cause) {
      throw new CollectorError("TLS_FILE", `${option} cannot be read: ${errorText(cause)}`, { cause });
    }
  };
  return { option, read };
}

function versionOptions(config: TlsClientConfig | undefined): SecureContextOptions {
  const min = config?.min_version ?? "1.2";
  return {
    minVersion: nodeVersions[min],
    maxVersion: nodeVersions[config?.max_version ?? "1.3"],
    // OpenSSL 3 has no cipher for the versions before 1.2 at its default security level.
    ...(min < "1.2" ? { ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0` } : {}),
  };
}

function caOptions(config: TlsClientConfig | undefined, ca: string | undefined): SecureContextOptions {
  if (config?.include_system_ca_certs_pool !== true) return ca === undefined ? {} : { ca: [ca] };
  const own = ca === undefined ? [] : [ca];
  return { ca: [...own, ...getCACertificates("default"), ...getCACertificates("system")] };
}

/** OpenSSL skips what it cannot read in a bundle; a file cut short by a writer must not count as a new bundle. */
function checkCertificates(from: Source | undefined, pem: string): void {
  const blocks = pem.split("-----BEGIN CERTIFICATE-----").slice(1);
  if (blocks.length === 0) throw unusable(from, "holds no PEM certificate");
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(`-----BEGIN CERTIFICATE-----${block}`);
    } catch (cause) {
      throw unusable(from, `holds no valid certificate as number ${index + 1}`, cause);
    }
  }
}

function unusable(from: Source | undefined, problem: string, cause?: unknown): CollectorError {
  const reason = cause === undefined ? "" : `: ${errorText(cause)}`;
  return new CollectorError("TLS_FILE", `${from?.option} ${problem}${reason}`, { cause });
}
