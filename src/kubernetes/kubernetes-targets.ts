import { isDeepStrictEqual } from "node:util";
import { type ComponentPod, portOf, projectComponentPod } from "./component-pod.ts";
import { connect, type KubernetesHost } from "./connection.ts";
import type { InformerContext } from "./informer.ts";
import type { KubernetesConfig } from "./kubernetes-schema.ts";
import { resources } from "./resource.ts";
import { shardOf } from "./shard.ts";
import { WatchedObjects } from "./watched-objects.ts";

/** A pod to scrape. */
export interface KubernetesTarget {
  readonly podName: string;
  readonly podUid: string;
  readonly namespace: string;
  readonly nodeName: string;
  /** IP address of the pod, without brackets. */
  readonly address: string;
  readonly port: number;
  /** What the pod's certificate is to be verified against. */
  readonly serverName: string;
  /** CAs for that; undefined where there is no such ConfigMap. */
  readonly caPem: string | undefined;
}

export interface KubernetesTargetsSettings {
  readonly config: KubernetesConfig;
  readonly host: KubernetesHost;
  /** Value of the label `kubevirt.io`: `virt-handler` (default), `virt-api`, `virt-controller`, … */
  readonly component?: string;
  /**
   * All targets, whenever they are others than before; sorted by namespace and name, and what stayed the same is the
   * same object. The first time when the pods are known, even if there are none.
   */
  readonly onChange: (targets: readonly KubernetesTarget[]) => void;
}

/** Changes that come together are told together. */
const SETTLE_MS = 20;
const CA_KEY = "ca-bundle";

/**
 * The pods of a KubeVirt component, as they come, change their address and go. While the API server is away the last
 * known ones stay.
 */
export class KubernetesTargets {
  readonly #settings: KubernetesTargetsSettings;
  readonly #context: InformerContext;
  readonly #pods: WatchedObjects<ComponentPod>;
  readonly #bundles: WatchedObjects<string> | undefined;
  readonly #kubeVirts: WatchedObjects<string> | undefined;
  readonly #reported = new Map<string, string>();
  #targets: readonly KubernetesTarget[] | undefined;
  #cancelUpdate: (() => void) | undefined;
  #ready = false;
  #closed = false;

  private constructor(settings: KubernetesTargetsSettings, context: InformerContext) {
    this.#settings = settings;
    this.#context = context;
    const { config } = settings;
    const { namespaces } = config;
    if (namespaces.length === 0) {
      this.#kubeVirts = new WatchedObjects({
        ...context,
        resource: resources.kubeVirts,
        namespaces: [],
        metadataOnly: true,
        project: ({ metadata }) => metadata.namespace ?? "",
      });
    }
    // Until the KubeVirt objects are known it is not clear where to look; see #begin.
    this.#pods = new WatchedObjects({
      ...context,
      resource: resources.pods,
      namespaces,
      idle: this.#kubeVirts !== undefined,
      labelSelector: config.label_selector ?? `kubevirt.io=${this.#component}`,
      fieldSelector: config.node === undefined ? undefined : `spec.nodeName=${config.node}`,
      project: projectComponentPod,
    });
    if (config.ca_config_map !== null) {
      this.#bundles = new WatchedObjects({
        ...context,
        resource: resources.configMaps,
        namespaces,
        idle: this.#kubeVirts !== undefined,
        fieldSelector: `metadata.name=${config.ca_config_map}`,
        project: (object) => (object as { data?: Record<string, string> }).data?.[CA_KEY] ?? "",
      });
    }
  }

  /**
   * Begins to watch; returns at once, whether or not the API server answers.
   * @throws CollectorError COMPONENT_START outside a pod, or when the kubeconfig cannot be used
   */
  static async start(settings: KubernetesTargetsSettings): Promise<KubernetesTargets> {
    const context = await connect(settings.config, settings.host);
    const targets = new KubernetesTargets(settings, context);
    void targets.#begin();
    return targets;
  }

  /** As of the last change; empty before the first. */
  get current(): readonly KubernetesTarget[] {
    return this.#targets ?? [];
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelUpdate?.();
    await Promise.all([this.#kubeVirts?.close(), this.#pods.close(), this.#bundles?.close()]);
    await this.#context.client.close();
  }

  get #component(): string {
    return this.#settings.component ?? "virt-handler";
  }

  async #begin(): Promise<void> {
    if (this.#kubeVirts !== undefined) {
      await this.#kubeVirts.ready();
      if (this.#closed) return;
      this.#follow();
      this.#kubeVirts.store.subscribe(() => this.#follow());
    }
    const update = () => this.#update();
    this.#pods.store.subscribe(update);
    this.#bundles?.store.subscribe(update);
    // A first scrape without the CAs would fail for nothing.
    await Promise.all([this.#pods.ready(), this.#bundles?.ready()]);
    this.#ready = true;
    this.#update();
  }

  /** Looks where KubeVirt lives; everywhere when that is not known. */
  #follow(): void {
    const namespaces = [...new Set(this.#kubeVirts?.store.values())];
    this.#pods.setNamespaces(namespaces);
    this.#bundles?.setNamespaces(namespaces);
  }

  #update(): void {
    if (!this.#ready || this.#closed || this.#cancelUpdate !== undefined) return;
    this.#cancelUpdate = this.#context.clock.schedule(SETTLE_MS, () => {
      this.#cancelUpdate = undefined;
      this.#tell();
    });
  }

  #tell(): void {
    // A refused list has nothing to say about which pods there are.
    if (this.#targets === undefined && !this.#pods.synced && this.#pods.store.size === 0) return;
    const known = new Map(this.#targets?.map((target) => [target.podUid, target]));
    const targets = this.#compute().map((target) => {
      const before = known.get(target.podUid);
      return before !== undefined && isDeepStrictEqual(before, target) ? before : target;
    });
    const same =
      targets.length === this.#targets?.length && targets.every((target, i) => target === this.#targets?.[i]);
    if (same) return;
    this.#targets = targets;
    this.#settings.onChange(targets);
  }

  #compute(): KubernetesTarget[] {
    const { port: wanted, shard, ca_config_map } = this.#settings.config;
    const byAddress = new Map<string, { pod: ComponentPod; port: number }>();
    for (const pod of this.#pods.store.values()) {
      if (!pod.alive || pod.ip === "") continue;
      // By node where there is one: what a new pod on the node says continues what the old one said.
      const key = `${pod.namespace}/${pod.nodeName || pod.uid}`;
      if (shard !== undefined && shardOf(key, shard.total) !== shard.index) continue;
      const port = portOf(pod, wanted);
      if (port === undefined) {
        this.#report(pod, "A pod has no port of the configured name and is not scraped.", { port: wanted });
        continue;
      }
      const address = `${pod.ip} ${port}`;
      const other = byAddress.get(address)?.pod;
      if (other !== undefined) {
        const [winner, loser] = preferred(pod, other) ? [pod, other] : [other, pod];
        this.#report(loser, "Two pods have the same address, the one that took it later is scraped.", {
          address: pod.ip,
          scraped: winner.name,
        });
        if (winner === other) continue;
      }
      byAddress.set(address, { pod, port });
    }
    return [...byAddress.values()]
      .map(({ pod, port }) => ({
        podName: pod.name,
        podUid: pod.uid,
        namespace: pod.namespace,
        nodeName: pod.nodeName,
        address: pod.ip,
        port,
        serverName: `${this.#component}.${pod.namespace}.svc`,
        caPem: this.#bundles?.store.get(`${pod.namespace}/${ca_config_map}`) || undefined,
      }))
      .sort((a, b) => (`${a.namespace}/${a.podName}` < `${b.namespace}/${b.podName}` ? -1 : 1));
  }

  /** Once for each pod and problem. */
  #report(pod: ComponentPod, message: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.#reported.get(pod.uid) === message) return;
    this.#reported.set(pod.uid, message);
    for (const uid of this.#reported.keys()) {
      if (this.#reported.size <= 1000) break;
      this.#reported.delete(uid);
    }
    this.#context.logger.warn(message, { pod: pod.name, namespace: pod.namespace, ...fields });
  }
}

/** Whether `a` is the rightful owner of an address that both claim: addresses of dead pods are given out again. */
function preferred(a: ComponentPod, b: ComponentPod): boolean {
  if (a.ready !== b.ready) return a.ready;
  return a.createdAt === b.createdAt ? a.uid > b.uid : a.createdAt > b.createdAt;
}
