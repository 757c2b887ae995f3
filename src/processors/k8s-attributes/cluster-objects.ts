import {
  type FieldExtractor,
  type InformerContext,
  type KubernetesObject,
  type ReadonlyObjectStore,
  type Resource,
  resources,
  WatchedObjects,
} from "../../kubernetes/index.ts";
import type { Config, Kind, MetadataName } from "./config.ts";

/** What is kept of an object that is no pod. */
export interface ObjectFacts {
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Of the object's controller. */
  readonly owner: { readonly name: string; readonly uid: string } | undefined;
}

export type OtherKind = Exclude<Kind, "pod"> | "replicaset";

const resourceOf: Readonly<Record<OtherKind, Resource>> = {
  namespace: resources.namespaces,
  node: resources.nodes,
  deployment: resources.deployments,
  statefulset: resources.statefulSets,
  daemonset: resources.daemonSets,
  replicaset: resources.replicaSets,
  job: resources.jobs,
};

/** The kinds beside pods that the configuration cannot do without: none of them costs memory or permissions otherwise. */
export function neededKinds(
  config: Config,
  labels: FieldExtractor,
  annotations: FieldExtractor,
): ReadonlySet<OtherKind> {
  const kinds = new Set<OtherKind>();
  for (const kind of [...labels.kinds, ...annotations.kinds])
    if (kind !== "pod") kinds.add(kind as OtherKind);
  const wanted = (name: MetadataName) => config.extract.metadata.includes(name);
  if (wanted("k8s.cluster.uid")) kinds.add("namespace");
  if (wanted("k8s.node.uid")) kinds.add("node");
  if (wanted("k8s.deployment.uid")) kinds.add("replicaset");
  if (wanted("k8s.cronjob.uid")) kinds.add("job");
  return kinds;
}

/** Watches the metadata of one kind. */
export function watchKind(
  kind: OtherKind,
  context: InformerContext,
  selection: { readonly namespaces: readonly string[]; readonly node: string | undefined },
  labels: FieldExtractor,
  annotations: FieldExtractor,
): WatchedObjects<ObjectFacts> {
  const project = ({ metadata }: KubernetesObject): ObjectFacts => {
    const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
    return {
      uid: metadata.uid ?? "",
      labels: labels.keep(kind, metadata.labels),
      annotations: annotations.keep(kind, metadata.annotations),
      owner: owner && { name: owner.name ?? "", uid: owner.uid ?? "" },
    };
  };
  return new WatchedObjects({
    ...context,
    resource: resourceOf[kind],
    namespaces: selection.namespaces,
    fieldSelector: kind === "node" && selection.node ? `metadata.name=${selection.node}` : undefined,
    metadataOnly: true,
    project,
  });
}

export type Stores = ReadonlyMap<OtherKind, ReadonlyObjectStore<ObjectFacts>>;
