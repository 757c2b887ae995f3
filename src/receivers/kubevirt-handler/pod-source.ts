import { type KubernetesHost, type KubernetesTarget, KubernetesTargets } from "../../kubernetes/index.ts";
import type { BodySource } from "../../scrape/index.ts";
import { componentOfSet, type KubevirtHandlerConfig, type PodsConfig } from "./config.ts";
import { decidesTrust, PodClients, type PodClientsSettings } from "./pod-clients.ts";
import type { Target } from "./target-resource.ts";

/** A pod to scrape. Its key is that of a target: another pod at the same address is another target. */
export interface ScrapedPod {
  readonly key: string;
  readonly target: Target;
  readonly client: BodySource;
}

export interface PodSourceSettings {
  readonly config: KubevirtHandlerConfig;
  readonly pods: PodsConfig;
  readonly host: KubernetesHost;
  readonly open: PodClientsSettings["open"];
  readonly onChange: (pods: readonly ScrapedPod[]) => void;
}

/** The pods that the `kubernetes` section stands for, each with a client that trusts its certificate. */
export class PodSource {
  readonly #settings: PodSourceSettings;
  readonly #clients: PodClients;
  #targets: KubernetesTargets | undefined;
  #latest: readonly KubernetesTarget[] = [];
  #applying: Promise<void> | undefined;
  #closed = false;

  private constructor(settings: PodSourceSettings) {
    const { config, host, open } = settings;
    this.#settings = settings;
    this.#clients = new PodClients({ tls: config.tls, open, logger: host.logger });
  }

  /** @throws CollectorError COMPONENT_START outside a pod, or when the kubeconfig cannot be used */
  static async start(settings: PodSourceSettings): Promise<PodSource> {
    const { config, pods, host } = settings;
    const source = new PodSource(settings);
    source.#targets = await KubernetesTargets.start({
      // What is trusted anyway need not be read, nor be allowed to be read.
      config: decidesTrust(config.tls) ? { ...pods, ca_config_map: null } : pods,
      host,
      component: componentOfSet[config.set],
      onChange: (targets) => source.#changed(targets),
    });
    return source;
  }

  /** No change is told from now on; clients stay open until `closeClients`, for the scrapes under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#targets?.close();
    await this.#applying;
  }

  async closeClients(): Promise<void> {
    await this.#clients.close();
  }

  #changed(targets: readonly KubernetesTarget[]): void {
    this.#latest = targets;
    this.#applying ??= this.#apply().finally(() => {
      this.#applying = undefined;
    });
  }

  async #apply(): Promise<void> {
    const { pods, host, onChange } = this.#settings;
    let applied: readonly KubernetesTarget[] | undefined;
    while (applied !== this.#latest && !this.#closed) {
      applied = this.#latest;
      try {
        await this.#clients.prepare(applied);
      } catch (error) {
        // A file of the receiver's own that has become unusable; the next change tries again.
        host.logger.error("Pods cannot be scraped, the targets of before stay.", { error });
        continue;
      }
      if (applied !== this.#latest || this.#closed) continue;
      onChange(applied.map((pod) => scraped(pod, pods, this.#clients.of(pod))));
    }
  }
}

function scraped(pod: KubernetesTarget, config: PodsConfig, client: BodySource): ScrapedPod {
  const host = pod.address.includes(":") ? `[${pod.address}]` : pod.address;
  const metrics_endpoint = `https://${host}:${pod.port}/metrics`;
  return {
    key: `${metrics_endpoint} ${pod.podUid}`,
    target: {
      metrics_endpoint,
      pod_name: pod.podName,
      pod_uid: pod.podUid,
      namespace: pod.namespace,
      ...(pod.nodeName !== "" && { node_name: pod.nodeName }),
      ...(config.cluster_name !== undefined && { cluster_name: config.cluster_name }),
      labels: config.labels,
    },
    client,
  };
}
