import type { Resource } from "../../metrics/index.ts";
import type { LabelledTarget, LabelMap } from "./target-labels.ts";

const defaultPorts: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

const controllers = ["ReplicaSet", "DaemonSet", "StatefulSet", "Job", "CronJob"];

/** Discovered labels with the attribute they become, of several for one attribute the first. */
const kubernetesLabels: readonly (readonly [label: string, attribute: string])[] = [
  ["pod_name", "k8s.pod.name"],
  ["pod_uid", "k8s.pod.uid"],
  ["pod_container_name", "k8s.container.name"],
  ["namespace", "k8s.namespace.name"],
  ["pod_node_name", "k8s.node.name"],
  ["node_name", "k8s.node.name"],
  ["endpoint_node_name", "k8s.node.name"],
];

/** Gives the resources of one target: its own, and those of other jobs and instances whose series it exposes. */
export class TargetResources {
  readonly #target: LabelledTarget;
  readonly #kubernetes: Readonly<Record<string, string>>;
  readonly #others = new Map<string, Resource>();
  readonly own: Resource;

  constructor(target: LabelledTarget, job: string, instance: string) {
    this.#target = target;
    this.#kubernetes = kubernetesAttributes(target.discovered);
    const { hostname, port, protocol } = target.url;
    this.own = this.#resource(
      job,
      instance,
      hostname.replace(/^\[(.*)\]$/, "$1"),
      port === "" ? (defaultPorts[protocol] ?? "") : port,
    );
  }

  /** The same object for the same job and instance. Its address is what the instance says. */
  of(job: string, instance: string): Resource {
    const key = `${job}\0${instance}`;
    let resource = this.#others.get(key);
    if (resource === undefined) {
      const [, bracketed, plain = instance, port = ""] = /^(?:\[(.*)\]|([^:]*)):(\d+)$/.exec(instance) ?? [];
      resource = this.#resource(job, instance, bracketed ?? plain, port);
      this.#others.set(key, resource);
    }
    return resource;
  }

  #resource(job: string, instance: string, address: string, port: string): Resource {
    return {
      attributes: Object.freeze({
        "service.name": job,
        "service.instance.id": instance,
        "server.address": address,
        "server.port": port,
        "url.scheme": this.#target.url.protocol.slice(0, -1),
        ...this.#kubernetes,
      }),
    };
  }
}

function kubernetesAttributes(discovered: LabelMap): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = {};
  for (const [label, attribute] of kubernetesLabels) {
    const value = discovered.get(`__meta_kubernetes_${label}`);
    if (value !== undefined) attributes[attribute] ??= value;
  }
  const kind = discovered.get("__meta_kubernetes_pod_controller_kind");
  const name = discovered.get("__meta_kubernetes_pod_controller_name");
  if (kind !== undefined && name !== undefined && controllers.includes(kind)) {
    attributes[`k8s.${kind.toLowerCase()}.name`] = name;
  }
  return attributes;
}
