import { isDeepStrictEqual } from "node:util";
import type { FieldExtractor } from "../../kubernetes/index.ts";
import { type Attributes, memoise, type Resource } from "../../metrics/index.ts";
import type { OtherKind, Stores } from "./cluster-objects.ts";
import type { Config } from "./config.ts";
import { owner, type PodAttributes } from "./pod-attributes.ts";
import type { PodFacts } from "./pod-facts.ts";
import type { PodIndex } from "./pod-index.ts";

/** A resource that may belong to a pod, a namespace or a node, with what was found for it last. */
export interface Subject {
  readonly attributes: Attributes;
  /** See `PodIndex.keysOf`. */
  readonly keys: readonly string[];
  found: Attributes | undefined;
  version: number;
}

export interface MetadataLookupSettings {
  readonly config: Config;
  readonly index: PodIndex;
  readonly pods: PodAttributes;
  readonly stores: Stores;
  readonly labels: FieldExtractor;
  readonly annotations: FieldExtractor;
}

/** Puts together what the cluster knows about a resource. */
export class MetadataLookup {
  readonly #settings: MetadataLookupSettings;
  readonly #wanted: ReadonlySet<string>;
  /** The same object for the same resource; undefined when nothing could be looked up by it. */
  readonly subjectOf: (resource: Resource) => Subject | undefined;

  constructor(settings: MetadataLookupSettings) {
    this.#settings = settings;
    this.#wanted = new Set(settings.config.extract.metadata);
    this.subjectOf = memoise(({ attributes }: Resource) => {
      const keys = settings.index.keysOf(attributes);
      if (keys.length === 0 && namespaceOf(attributes) === "" && nodeOf(attributes) === "") return undefined;
      return { attributes, keys, found: undefined, version: -1 };
    });
  }

  /** The same object as before while it says the same. */
  find(subject: Subject, version: number): Attributes | undefined {
    if (subject.version === version) return subject.found;
    const found = this.#compute(subject);
    if (!isDeepStrictEqual(found, subject.found)) subject.found = found;
    subject.version = version;
    return subject.found;
  }

  #compute({ keys, attributes: resource }: Subject): Attributes | undefined {
    const { index, pods } = this.#settings;
    const { pod, attributes } = index.find(keys) ?? {};
    const result: Record<string, unknown> = { ...attributes };
    if (pod !== undefined) {
      Object.assign(result, without(pods.ofContainer(pod, resource), result));
      this.#addOwners(pod, result);
    }
    const namespace = pod?.namespace ?? namespaceOf(resource);
    const node = pod?.nodeName ?? nodeOf(resource);
    this.#addFields("namespace", namespace, result);
    this.#addFields("node", node, result);
    this.#addUid("k8s.node.uid", "node", node, result);
    this.#addUid("k8s.cluster.uid", "namespace", "kube-system", result);
    return Object.keys(result).length === 0 ? undefined : result;
  }

  #addOwners(pod: PodFacts, result: Record<string, unknown>): void {
    const { pods, stores } = this.#settings;
    const key = (name: string | undefined) => (name === undefined ? "" : `${pod.namespace}/${name}`);
    this.#addFields("deployment", key(pods.deploymentOf(pod)), result);
    this.#addFields("statefulset", key(owner(pod, "StatefulSet")?.name), result);
    this.#addFields("daemonset", key(owner(pod, "DaemonSet")?.name), result);
    this.#addFields("job", key(owner(pod, "Job")?.name), result);
    const ownerUid = (attribute: string, kind: OtherKind, name: string | undefined) => {
      const uid = stores.get(kind)?.get(key(name))?.owner?.uid;
      if (uid !== undefined && uid !== "" && this.#wanted.has(attribute)) result[attribute] = uid;
    };
    ownerUid("k8s.deployment.uid", "replicaset", owner(pod, "ReplicaSet")?.name);
    ownerUid("k8s.cronjob.uid", "job", owner(pod, "Job")?.name);
  }

  #addFields(kind: OtherKind, key: string, result: Record<string, unknown>): void {
    const { stores, labels, annotations } = this.#settings;
    const object = stores.get(kind)?.get(key);
    if (object === undefined) return;
    labels.extract(kind, object.labels, result);
    annotations.extract(kind, object.annotations, result);
  }

  #addUid(attribute: string, kind: OtherKind, key: string, result: Record<string, unknown>): void {
    const uid = this.#wanted.has(attribute) ? this.#settings.stores.get(kind)?.get(key)?.uid : undefined;
    if (uid !== undefined && uid !== "") result[attribute] = uid;
  }
}

/** What an annotation or label of the pod says goes before what is derived. */
function without(values: Attributes, present: Attributes): Attributes {
  return Object.fromEntries(Object.entries(values).filter(([name]) => present[name] === undefined));
}

function namespaceOf(resource: Attributes): string {
  return String(resource["k8s.namespace.name"] ?? "");
}

function nodeOf(resource: Attributes): string {
  return String(resource["k8s.node.name"] ?? "");
}
