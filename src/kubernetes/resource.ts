import type { ApiAction } from "./api-error.ts";

/** A kind of object by its place in the API. */
export interface Resource {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  /** As in URLs and RBAC rules. */
  readonly plural: string;
  readonly namespaced: boolean;
}

const core = (plural: string, namespaced = true): Resource => ({
  group: "",
  version: "v1",
  plural,
  namespaced,
});
const apps = (plural: string): Resource => ({ group: "apps", version: "v1", plural, namespaced: true });
const batch = (plural: string): Resource => ({ group: "batch", version: "v1", plural, namespaced: true });
const kubevirt = (plural: string): Resource => ({
  group: "kubevirt.io",
  version: "v1",
  plural,
  namespaced: true,
});

/** What this project reads. */
export const resources = {
  pods: core("pods"),
  nodes: core("nodes", false),
  namespaces: core("namespaces", false),
  services: core("services"),
  endpoints: core("endpoints"),
  configMaps: core("configmaps"),
  endpointSlices: { group: "discovery.k8s.io", version: "v1", plural: "endpointslices", namespaced: true },
  ingresses: { group: "networking.k8s.io", version: "v1", plural: "ingresses", namespaced: true },
  replicaSets: apps("replicasets"),
  deployments: apps("deployments"),
  statefulSets: apps("statefulsets"),
  daemonSets: apps("daemonsets"),
  jobs: batch("jobs"),
  cronJobs: batch("cronjobs"),
  kubeVirts: kubevirt("kubevirts"),
  virtualMachines: kubevirt("virtualmachines"),
  virtualMachineInstances: kubevirt("virtualmachineinstances"),
} as const satisfies Record<string, Resource>;

/** The name that RBAC rules and people know it by, with its group: `virtualmachines.kubevirt.io`. */
export function resourceName({ plural, group }: Resource): string {
  return group === "" ? plural : `${plural}.${group}`;
}

/** URL path of the collection. */
export function collectionPath({ group, version, plural }: Resource, namespace: string | undefined): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const scope = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${plural}`;
}

export function actionOn(
  verb: ApiAction["verb"],
  resource: Resource,
  namespace: string | undefined,
): ApiAction {
  return { verb, resource: resource.plural, group: resource.group, namespace };
}

export interface OwnerReference {
  readonly kind?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly controller?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

/** An object as it came: whatever is below `metadata` is the kind's business. */
export interface KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly [field: string]: unknown;
}

/** How objects are told apart in a store: `namespace/name`, or `name` for what has no namespace. */
export function objectKey({ namespace, name }: Pick<ObjectMeta, "namespace" | "name">): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The owner that manages the object. */
export function controllerOf({ ownerReferences }: ObjectMeta): OwnerReference | undefined {
  return ownerReferences?.find(({ controller }) => controller === true);
}

/** Whether a value that came from the server is an object with a name. */
export function isKubernetesObject(value: unknown): value is KubernetesObject {
  const metadata = (value as { metadata?: { name?: unknown } } | null | undefined)?.metadata;
  return typeof metadata?.name === "string";
}
