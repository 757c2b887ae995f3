import type { TlsOptions } from "node:tls";
import { createSecureContext } from "node:tls";
import type { Logger } from "../telemetry/index.ts";
import { PemSource, versionOptions } from "./pem-source.ts";
import type { TlsServerConfig } from "./tls-server-config.ts";

/** What `tls.createServer` and `setSecureContext` take; immutable, a change of files makes a new one. */
export type TlsServerOptions = Readonly<Omit<TlsOptions, "SNICallback" | "ALPNProtocols">>;

interface Pems {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | undefined;
}

export interface TlsServerMaterialOptions {
  readonly config: TlsServerConfig;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A server's certificate, key and client CA, read again when they change. */
export class TlsServerMaterial {
  readonly #config: TlsServerConfig;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #cert: PemSource;
  readonly #key: PemSource;
  readonly #clientCa: PemSource | undefined;
  #pems: Pems;
  #current: TlsServerOptions;
  #lookedAt: number;
  #lastProblem = "";

  /** @throws CollectorError TLS_FILE naming the file or option that cannot be used */
  constructor({ config, logger, now }: TlsServerMaterialOptions) {
    this.#config = config;
    this.#logger = logger;
    this.#now = now;
    // The schema sees to it that both are there.
    this.#cert = PemSource.of("cert", config.cert_file, config.cert_pem, now) as PemSource;
    this.#key = PemSource.of("key", config.key_file, config.key_pem, now) as PemSource;
    this.#clientCa = PemSource.of("client_ca", config.client_ca_file, undefined, now);
    this.#pems = this.#read();
    this.#current = this.#build(this.#pems);
    this.#lookedAt = now();
  }

  get current(): TlsServerOptions {
    return this.#current;
  }

  /**
   * The options for the files as they are now: the same object as before when nothing changed. Files that cannot be
   * used are a warning, once per problem, and the options of before stay good. Looks synchronously, since the
   * connection that asks is there already and a handshake does not wait.
   */
  refresh(): TlsServerOptions {
    const now = this.#now();
    if (now - this.#lookedAt < this.#config.reload_interval) return this.#current;
    this.#lookedAt = now;
    try {
      const pems = this.#read();
      const { cert, key, clientCa } = this.#pems;
      if (pems.cert !== cert || pems.key !== key || pems.clientCa !== clientCa) {
        this.#current = this.#build(pems);
        this.#pems = pems;
        this.#logger.info("TLS files have changed and are in use for new connections.");
      }
      this.#lastProblem = "";
    } catch (error) {
      const problem = String(error);
      if (problem !== this.#lastProblem) {
        this.#logger.warn("TLS files cannot be used, those of before stay in use.", { error });
      }
      this.#lastProblem = problem;
    }
    return this.#current;
  }

  #read(): Pems {
    const { client_ca_file_reload } = this.#config;
    const isFirst = this.#pems === undefined;
    return {
      cert: this.#cert.readSync(),
      key: this.#key.readSync(),
      clientCa: isFirst || client_ca_file_reload ? this.#clientCa?.readSync() : this.#pems.clientCa,
    };
  }

  #build({ cert, key, clientCa }: Pems): TlsServerOptions {
    this.#cert.checkCertificates(cert);
    if (clientCa !== undefined) this.#clientCa?.checkCertificates(clientCa);
    const { min_version, max_version } = this.#config;
    const options: TlsServerOptions = {
      ...versionOptions(min_version, max_version),
      cert,
      key,
      ...(clientCa !== undefined && { ca: [clientCa], requestCert: true, rejectUnauthorized: true }),
    };
    try {
      createSecureContext(options);
    } catch (cause) {
      throw this.#key.unusable(`is no private key for ${this.#cert.option}`, cause);
    }
    return options;
  }
}
