import { X509Certificate } from "node:crypto";
import { DEFAULT_CIPHERS, type SecureContextOptions } from "node:tls";
import { reveal, type Secret } from "../config/index.ts";
import { CollectorError, errorText } from "../errors/index.ts";
import type { TlsVersion } from "./tls-config.ts";
import { WatchedFile } from "./watched-file.ts";

/** Where a certificate, key or CA comes from: a file that is read again when it changes, or a text of the config. */
export class PemSource {
  /** The option, and the file it names. */
  readonly option: string;
  readonly #file: WatchedFile | undefined;
  readonly #text: string;

  private constructor(option: string, file: WatchedFile | undefined, text: string) {
    this.option = option;
    this.#file = file;
    this.#text = text;
  }

  /** The source that `<name>_file` or `<name>_pem` gives; undefined when neither is set. */
  static of(
    name: string,
    file: string | undefined,
    pem: Secret | undefined,
    now: () => number,
  ): PemSource | undefined {
    if (pem !== undefined) return new PemSource(`${name}_pem`, undefined, reveal(pem));
    if (file === undefined) return undefined;
    return new PemSource(`${name}_file ${JSON.stringify(file)}`, new WatchedFile(file, now), "");
  }

  /** @throws CollectorError TLS_FILE */
  async read(): Promise<string> {
    try {
      return (await this.#file?.read()) ?? this.#text;
    } catch (cause) {
      throw this.unusable("cannot be read", cause);
    }
  }

  /** For those who cannot wait, such as a server that has just got a connection. @throws CollectorError TLS_FILE */
  readSync(): string {
    try {
      return this.#file?.readSync() ?? this.#text;
    } catch (cause) {
      throw this.unusable("cannot be read", cause);
    }
  }

  unusable(problem: string, cause?: unknown): CollectorError {
    const reason = cause === undefined ? "" : `: ${errorText(cause)}`;
    return new CollectorError("TLS_FILE", `${this.option} ${problem}${reason}`, { cause });
  }

  /** OpenSSL skips what it cannot read in a bundle; a file cut short by a writer must not count as a new bundle. */
  checkCertificates(pem: string): void {
    const blocks = pem.split("-----BEGIN CERTIFICATE-----").slice(1);
    if (blocks.length === 0) throw this.unusable("holds no PEM certificate");
    for (const [index, block] of blocks.entries()) {
      try {
        new X509Certificate(`-----BEGIN CERTIFICATE-----${block}`);
      } catch (cause) {
        throw this.unusable(`holds no valid certificate as number ${index + 1}`, cause);
      }
    }
  }
}

const nodeVersions = {
  "1.0": "TLSv1",
  "1.1": "TLSv1.1",
  "1.2": "TLSv1.2",
  "1.3": "TLSv1.3",
} as const satisfies Record<TlsVersion, string>;

export function versionOptions(min: TlsVersion, max: TlsVersion): SecureContextOptions {
  return {
    minVersion: nodeVersions[min],
    maxVersion: nodeVersions[max],
    // OpenSSL 3 has no cipher for the versions before 1.2 at its default security level.
    ...(min < "1.2" ? { ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0` } : {}),
  };
}
