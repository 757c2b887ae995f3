import type { KubernetesObject } from "./resource.ts";

/** What is kept of a pod that may be a target. */
export interface ComponentPod {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly nodeName: string;
  readonly ip: string;
  /** Running and not being deleted. */
  readonly alive: boolean;
  readonly ready: boolean;
  readonly createdAt: string;
  readonly ports: readonly { readonly name: string; readonly number: number }[];
}

interface RawPod {
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly {
      readonly ports?: readonly { readonly name?: string; readonly containerPort?: number }[];
    }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
  };
}

export function projectComponentPod(object: KubernetesObject): ComponentPod {
  const { metadata } = object;
  const { spec, status } = object as RawPod;
  const ports = spec?.containers?.flatMap((container) => container.ports ?? []) ?? [];
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    uid: metadata.uid ?? "",
    nodeName: spec?.nodeName ?? "",
    ip: status?.podIP ?? "",
    alive: status?.phase === "Running" && metadata.deletionTimestamp === undefined,
    ready: status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false,
    createdAt: metadata.creationTimestamp ?? "",
    ports: ports.flatMap(({ name, containerPort }) =>
      containerPort === undefined ? [] : [{ name: name ?? "", number: containerPort }],
    ),
  };
}

/** The number of a port given by name or number; undefined when the pod has none of that name. */
export function portOf(pod: ComponentPod, port: string | number): number | undefined {
  return typeof port === "number" ? port : pod.ports.find(({ name }) => name === port)?.number;
}
