import type { TargetListener, TargetSource } from "../../discovery/index.ts";
import {
  type Discovery,
  discover,
  type KubernetesHost,
  type KubernetesSdConfig,
} from "../../kubernetes/index.ts";

/** Targets from a Kubernetes API server. While it is away the targets stay. */
export class KubernetesSource implements TargetSource {
  readonly #config: KubernetesSdConfig;
  readonly #host: KubernetesHost;
  #discovery: Discovery | undefined;

  constructor(config: KubernetesSdConfig, host: KubernetesHost) {
    this.#config = config;
    this.#host = host;
  }

  /** @throws CollectorError COMPONENT_START outside a pod, or when the kubeconfig cannot be used */
  async start(listener: TargetListener): Promise<void> {
    this.#discovery = await discover({
      config: this.#config,
      host: this.#host,
      onTargets: (groups) => listener.groups(groups),
    });
  }

  async close(): Promise<void> {
    await this.#discovery?.close();
  }
}
