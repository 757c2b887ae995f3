import { connect, informerContext, type KubernetesHost } from "../connection.ts";
import type { InformerContext } from "../informer.ts";
import type { ReadonlyObjectStore } from "../object-store.ts";
import { type KubernetesObject, type Resource, resources } from "../resource.ts";
import { WatchedObjects } from "../watched-objects.ts";
import { serverAccess } from "./sd-access.ts";
import {
  endpointSliceGroup,
  endpointsGroup,
  ingressGroup,
  type Lookup,
  nodeGroup,
  podGroup,
  serviceGroup,
  type TargetGroup,
} from "./sd-builders.ts";
import { type Labels, labelsAndAnnotations, META } from "./sd-labels.ts";
import {
  projectEndpointSlice,
  projectEndpoints,
  projectIngress,
  projectMeta,
  projectNode,
  projectPod,
  projectService,
  type SdMeta,
  type SdPod,
} from "./sd-objects.ts";
import type { KubernetesSdConfig, SdRole } from "./sd-schema.ts";

export interface DiscoverSettings {
  readonly config: KubernetesSdConfig;
  readonly host: KubernetesHost;
  /**
   * All groups, whenever any changed; groups that did not change are the same objects. Groups may be without targets.
   * The first time when everything was listed, even if there is nothing.
   */
  readonly onTargets: (groups: readonly TargetGroup[]) => void;
}

/** A discovery that runs until it is closed. */
export interface Discovery {
  close(): Promise<void>;
}

/** Changes that come together are told together. */
const SETTLE_MS = 200;

/**
 * Prometheus' Kubernetes service discovery: the groups of targets that `kubernetes_sd_configs` stands for.
 * @throws CollectorError COMPONENT_START outside a pod, or when the kubeconfig cannot be used
 */
export async function discover(settings: DiscoverSettings): Promise<Discovery> {
  const { config, host } = settings;
  const context = await connectFor(config, host);
  return new GroupDiscovery(settings, context);
}

async function connectFor(config: KubernetesSdConfig, host: KubernetesHost): Promise<InformerContext> {
  if (config.api_server !== undefined) {
    return informerContext(serverAccess(config.api_server, config), host);
  }
  const kubeconfig_file = config.kubeconfig_file;
  const auth_type = kubeconfig_file === undefined ? "serviceAccount" : "kubeConfig";
  return await connect({ auth_type, kubeconfig_file }, host);
}

/** A built group with all that it was made of. */
interface Built {
  readonly object: unknown;
  readonly used: readonly [ReadonlyObjectStore<unknown>, key: string, found: unknown][];
  readonly group: TargetGroup;
}

interface MainRole {
  readonly store: ReadonlyObjectStore<unknown>;
  readonly build: (object: never, lookup: Lookup) => TargetGroup;
}

class GroupDiscovery implements Discovery {
  readonly #settings: DiscoverSettings;
  readonly #context: InformerContext;
  readonly #main: MainRole;
  readonly #watched: WatchedObjects<unknown>[] = [];
  readonly #pods: ReadonlyObjectStore<SdPod> | undefined;
  readonly #nodes: ReadonlyObjectStore<ReturnType<typeof projectNode>> | undefined;
  readonly #services: ReadonlyObjectStore<ReturnType<typeof projectService>> | undefined;
  readonly #namespaces: ReadonlyObjectStore<SdMeta> | undefined;
  readonly #replicaSets: ReadonlyObjectStore<SdMeta> | undefined;
  readonly #jobs: ReadonlyObjectStore<SdMeta> | undefined;
  #built = new Map<string, Built>();
  #told = false;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(settings: DiscoverSettings, context: InformerContext) {
    this.#settings = settings;
    this.#context = context;
    const { role, attach_metadata: attach } = settings.config;
    this.#main = this.#mainRole(role);
    const throughPods = role === "endpoints" || role === "endpointslice";
    if (throughPods) {
      this.#pods = this.#watch(resources.pods, projectPod, "pod").store;
      this.#services = this.#watch(resources.services, projectService, "service").store;
    }
    const ofPods = throughPods || role === "pod";
    if (ofPods && attach.node) {
      this.#nodes = this.#watch(resources.nodes, projectNode, "node").store;
    }
    if (ofPods && attach.deployment) {
      this.#replicaSets = this.#watch(resources.replicaSets, projectMeta, undefined, true).store;
    }
    if (ofPods && attach.cronjob)
      this.#jobs = this.#watch(resources.jobs, projectMeta, undefined, true).store;
    if (role !== "node" && attach.namespace) {
      this.#namespaces = this.#watch(resources.namespaces, projectMeta, undefined, true).store;
    }
    void this.#begin();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await Promise.all(this.#watched.map((objects) => objects.close()));
    await this.#context.client.close();
  }

  #mainRole(role: SdRole): MainRole {
    switch (role) {
      case "pod":
        return { store: this.#watch(resources.pods, projectPod, role).store, build: podGroup };
      case "node":
        return { store: this.#watch(resources.nodes, projectNode, role).store, build: nodeGroup };
      case "service":
        return { store: this.#watch(resources.services, projectService, role).store, build: serviceGroup };
      case "endpoints":
        return {
          store: this.#watch(resources.endpoints, projectEndpoints, role).store,
          build: endpointsGroup,
        };
      case "endpointslice":
        return {
          store: this.#watch(resources.endpointSlices, projectEndpointSlice, role).store,
          build: endpointSliceGroup,
        };
      case "ingress":
        return { store: this.#watch(resources.ingresses, projectIngress, role).store, build: ingressGroup };
    }
  }

  #watch<T>(
    resource: Resource,
    project: (object: KubernetesObject) => T,
    role: SdRole | undefined,
    metadataOnly = false,
  ): WatchedObjects<T> {
    const { namespaces, selectors } = this.#settings.config;
    const own = namespaces.own_namespace ? [this.#context.client.access.namespace ?? "default"] : [];
    const selector = selectors.find((candidate) => candidate.role === role);
    const objects = new WatchedObjects<T>({
      ...this.#context,
      resource,
      namespaces: [...new Set([...own, ...namespaces.names])],
      labelSelector: selector?.label,
      fieldSelector: selector?.field,
      metadataOnly,
      project,
    });
    this.#watched.push(objects as WatchedObjects<unknown>);
    return objects;
  }

  async #begin(): Promise<void> {
    await Promise.all(this.#watched.map((objects) => objects.ready()));
    if (this.#closed) return;
    for (const { store } of this.#watched) store.subscribe(() => this.#changed());
    this.#changed();
  }

  #changed(): void {
    this.#cancel ??= this.#context.clock.schedule(SETTLE_MS, () => {
      this.#cancel = undefined;
      this.#tell();
    });
  }

  #tell(): void {
    const before = this.#built;
    const after = new Map<string, Built>();
    let changed = false;
    for (const object of this.#main.store.values()) {
      const { meta } = object as { meta: SdMeta };
      const key = `${meta.namespace}/${meta.name}`;
      const known = before.get(key);
      const built = known !== undefined && isCurrent(known, object) ? known : this.#build(object);
      changed ||= built !== known;
      after.set(key, built);
    }
    changed ||= after.size !== before.size;
    this.#built = after;
    if (this.#told && !changed) return;
    this.#told = true;
    this.#settings.onTargets([...after.values()].map(({ group }) => group));
  }

  #build(object: unknown): Built {
    const used: [ReadonlyObjectStore<unknown>, string, unknown][] = [];
    const find = <T>(store: ReadonlyObjectStore<T> | undefined, key: string): T | undefined => {
      if (store === undefined) return undefined;
      const found = store.get(key);
      used.push([store, key, found]);
      return found;
    };
    const { attach_metadata: attach } = this.#settings.config;
    const lookup: Lookup = {
      pod: (key) => find(this.#pods, key),
      node: (name) => find(this.#nodes, name),
      service: (key) => find(this.#services, key),
      namespace: (name): Labels => {
        const namespace = find(this.#namespaces, name);
        return namespace === undefined ? {} : labelsAndAnnotations("namespace", namespace);
      },
      workload: ({ meta }): Labels => {
        const { kind, name = "" } = meta.controller ?? {};
        const labels: Record<string, string> = {};
        const owner = (store: ReadonlyObjectStore<SdMeta> | undefined, wanted: string) => {
          const controller = find(store, `${meta.namespace}/${name}`)?.controller;
          return controller?.kind === wanted ? controller.name : undefined;
        };
        if (kind === "ReplicaSet") {
          const deployment = owner(this.#replicaSets, "Deployment");
          if (deployment !== undefined) labels[`${META}pod_deployment_name`] = deployment;
        } else if (kind === "Job") {
          if (attach.job) labels[`${META}pod_job_name`] = name;
          const cronJob = owner(this.#jobs, "CronJob");
          if (cronJob !== undefined) labels[`${META}pod_cronjob_name`] = cronJob;
        }
        return labels;
      },
    };
    return { object, used, group: this.#main.build(object as never, lookup) };
  }
}

function isCurrent({ object, used }: Built, now: unknown): boolean {
  return object === now && used.every(([store, key, found]) => store.get(key) === found);
}
