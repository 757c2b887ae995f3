import { Secret } from "../../config/index.ts";
import { errorText } from "../../errors/index.ts";
import type { KubernetesTarget } from "../../kubernetes/index.ts";
import { type HttpClient, type TlsClientConfig, tlsClientSchema } from "../../net/index.ts";
import type { BodySource } from "../../scrape/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import { RotatingClient } from "./rotating-client.ts";

export interface PodClientsSettings {
  /** The receiver's own section, whose options go before what the cluster says. */
  readonly tls: TlsClientConfig | undefined;
  readonly open: (tls: TlsClientConfig) => Promise<HttpClient>;
  readonly logger: Logger;
}

type PodTls = Pick<KubernetesTarget, "serverName" | "caPem">;

interface Entry {
  readonly caPem: string | undefined;
  readonly client: RotatingClient;
}

/** Whether the section says by itself whom to trust. */
export function decidesTrust(tls: TlsClientConfig | undefined): boolean {
  return tls?.ca_file !== undefined || tls?.ca_pem !== undefined || tls?.insecure_skip_verify === true;
}

/** A client for each name that pods' certificates bear, which trusts the CAs that the cluster shows at the moment. */
export class PodClients {
  readonly #settings: PodClientsSettings;
  readonly #entries = new Map<string, Entry>();

  constructor(settings: PodClientsSettings) {
    this.#settings = settings;
  }

  /** Opens what is missing and exchanges what has other CAs now. Never overlaps with itself. */
  async prepare(pods: Iterable<PodTls>): Promise<void> {
    for (const { serverName, caPem } of pods) {
      const entry = this.#entries.get(serverName);
      if (entry !== undefined && entry.caPem === caPem) continue;
      // A ConfigMap that is gone for a moment takes no trust away.
      if (entry !== undefined && caPem === undefined) continue;
      const client = await this.#open(serverName, caPem, entry !== undefined);
      if (client === undefined) {
        if (entry !== undefined) this.#entries.set(serverName, { ...entry, caPem });
      } else if (entry === undefined) {
        this.#entries.set(serverName, { caPem, client: new RotatingClient(client) });
      } else {
        this.#entries.set(serverName, { caPem, client: entry.client });
        await entry.client.replace(client);
      }
    }
  }

  /** The client for a pod that has been prepared; the same one for good. */
  of(pod: PodTls): BodySource {
    return (this.#entries.get(pod.serverName) as Entry).client;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ client }) => client.close()));
  }

  /** Undefined when the CAs are unusable and there are others to go on with. */
  async #open(
    serverName: string,
    caPem: string | undefined,
    replaces: boolean,
  ): Promise<HttpClient | undefined> {
    const { tls, open, logger } = this.#settings;
    const base = {
      ...(tls ?? tlsClientSchema.parse({})),
      server_name_override: tls?.server_name_override ?? serverName,
    };
    if (decidesTrust(tls)) return await open(base);
    if (caPem !== undefined) {
      try {
        return await open({ ...base, ca_pem: new Secret(caPem) });
      } catch (error) {
        const fields = { server_name: serverName, error: errorText(error) };
        logger.error("The CAs in the ConfigMap cannot be used, those of before stay in force.", fields);
        if (replaces) return undefined;
      }
    } else {
      logger.warn("No ConfigMap with the CAs of the pods was found, their certificates will be refused.", {
        server_name: serverName,
      });
    }
    return await open(base);
  }
}
