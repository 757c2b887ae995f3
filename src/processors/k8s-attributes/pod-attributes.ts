import type { FieldExtractor } from "../../kubernetes/index.ts";
import type { Attributes } from "../../metrics/index.ts";
import type { Config, MetadataName } from "./config.ts";
import {
  type ContainerFacts,
  OTEL_ANNOTATION,
  type OwnerFacts,
  POD_LABELS,
  type PodFacts,
} from "./pod-facts.ts";

/** What attributes come from a pod itself and its containers. */
export class PodAttributes {
  readonly #wanted: ReadonlySet<MetadataName>;
  readonly #extract: Config["extract"];
  readonly #labels: FieldExtractor;
  readonly #annotations: FieldExtractor;

  constructor(extract: Config["extract"], labels: FieldExtractor, annotations: FieldExtractor) {
    this.#extract = extract;
    this.#wanted = new Set(extract.metadata);
    this.#labels = labels;
    this.#annotations = annotations;
  }

  of(pod: PodFacts): Attributes {
    const replicaSet = owner(pod, "ReplicaSet");
    const job = owner(pod, "Job");
    const statefulSet = owner(pod, "StatefulSet");
    const daemonSet = owner(pod, "DaemonSet");
    const result = this.#only({
      "k8s.namespace.name": pod.namespace,
      "k8s.pod.name": pod.name,
      "k8s.pod.uid": pod.uid,
      "k8s.pod.start_time": pod.createdAt,
      "k8s.pod.ip": pod.ip,
      "k8s.pod.hostname": pod.hostname,
      "k8s.node.name": pod.nodeName,
      "k8s.deployment.name": this.deploymentOf(pod),
      "k8s.replicaset.name": replicaSet?.name,
      "k8s.replicaset.uid": replicaSet?.uid,
      "k8s.statefulset.name": statefulSet?.name,
      "k8s.statefulset.uid": statefulSet?.uid,
      "k8s.daemonset.name": daemonSet?.name,
      "k8s.daemonset.uid": daemonSet?.uid,
      "k8s.job.name": job?.name,
      "k8s.job.uid": job?.uid,
      "k8s.cronjob.name": cronJobName(job),
      "service.namespace": pod.namespace,
    });
    if (this.#extract.otel_annotations) {
      for (const [key, value] of Object.entries(pod.annotations)) {
        if (key.startsWith(OTEL_ANNOTATION)) result[key.slice(OTEL_ANNOTATION.length)] = value;
      }
    }
    this.#labels.extract("pod", pod.labels, result);
    this.#annotations.extract("pod", pod.annotations, result);
    return Object.freeze(result);
  }

  /** What depends on the container that a resource is about; the only one where it does not say. */
  ofContainer(pod: PodFacts, resource: Attributes): Attributes {
    const name = resource["k8s.container.name"];
    const id = resource["container.id"];
    const container =
      pod.containers.find((one) =>
        name === undefined ? id !== undefined && one.id === id : one.name === name,
      ) ??
      (name === undefined && id === undefined && pod.containers.length === 1 ? pod.containers[0] : undefined);
    return this.#only({
      "k8s.container.name": container?.name,
      "container.id": container?.id,
      "container.image.name": container?.image,
      "container.image.tag": container?.tag,
      "container.image.repo_digests":
        container?.digest.includes("@") === true ? [container.digest] : undefined,
      "service.name": this.#serviceName(pod, container),
      "service.version": pod.labels[POD_LABELS.version] ?? container?.tag,
      "service.instance.id":
        container === undefined ? undefined : `${pod.namespace}.${pod.name}.${container.name}`,
    });
  }

  /** Its replica set is named after the deployment and the hash of the pod template. */
  deploymentOf(pod: PodFacts): string | undefined {
    const replicaSet = owner(pod, "ReplicaSet");
    if (replicaSet === undefined) return undefined;
    const hash = pod.labels[POD_LABELS.templateHash];
    if (hash !== undefined && replicaSet.name.endsWith(`-${hash}`)) {
      return replicaSet.name.slice(0, -hash.length - 1);
    }
    const dash = replicaSet.name.lastIndexOf("-");
    return this.#extract.deployment_name_from_replicaset && dash > 0
      ? replicaSet.name.slice(0, dash)
      : undefined;
  }

  /** In the order of the semantic conventions for Kubernetes. */
  #serviceName(pod: PodFacts, container: ContainerFacts | undefined): string | undefined {
    return (
      pod.labels[POD_LABELS.instance] ??
      pod.labels[POD_LABELS.name] ??
      this.deploymentOf(pod) ??
      owner(pod, "ReplicaSet")?.name ??
      owner(pod, "StatefulSet")?.name ??
      owner(pod, "DaemonSet")?.name ??
      cronJobName(owner(pod, "Job")) ??
      owner(pod, "Job")?.name ??
      pod.name ??
      container?.name
    );
  }

  #only(values: Readonly<Partial<Record<MetadataName, unknown>>>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(values).filter(
        ([name, value]) => value !== undefined && value !== "" && this.#wanted.has(name as MetadataName),
      ),
    );
  }
}

export function owner({ owners }: PodFacts, kind: string): OwnerFacts | undefined {
  return owners.find((candidate) => candidate.kind === kind);
}

/** A cron job's jobs are named after it and the minute of their start. */
function cronJobName(job: OwnerFacts | undefined): string | undefined {
  return /^(.+)-\d{8,}$/.exec(job?.name ?? "")?.[1];
}
