import { isIPv6 } from "node:net";
import type { SdMeta, SdPod, SdPort } from "./sd-objects.ts";

export type Labels = Readonly<Record<string, string>>;

/** Prefix of all labels of this discovery. */
export const META = "__meta_kubernetes_";

/** What label names cannot hold becomes "_". */
function labelName(text: string): string {
  return text.replace(/[^a-zA-Z0-9_]/g, "_");
}

/** `<role>_label_x`, `<role>_labelpresent_x` and the same of annotations. */
export function labelsAndAnnotations(role: string, { labels, annotations }: SdMeta): Labels {
  const result: Record<string, string> = {};
  const add = (what: string, values: Labels) => {
    for (const [key, value] of Object.entries(values)) {
      const name = labelName(key);
      result[`${META}${role}_${what}_${name}`] = value;
      result[`${META}${role}_${what}present_${name}`] = "true";
    }
  };
  add("label", labels);
  add("annotation", annotations);
  return result;
}

/** The name of an object with its labels and annotations. */
export function objectLabels(role: string, meta: SdMeta): Labels {
  return { [`${META}${role}_name`]: meta.name, ...labelsAndAnnotations(role, meta) };
}

/** Of the pod itself, without its namespace. */
export function podLabels(pod: SdPod): Labels {
  const { kind, name } = pod.meta.controller ?? {};
  return {
    ...objectLabels("pod", pod.meta),
    [`${META}pod_ip`]: pod.ip,
    [`${META}pod_ready`]: pod.ready,
    [`${META}pod_phase`]: pod.phase,
    [`${META}pod_node_name`]: pod.nodeName,
    [`${META}pod_host_ip`]: pod.hostIp,
    [`${META}pod_uid`]: pod.meta.uid,
    ...(kind !== undefined && { [`${META}pod_controller_kind`]: kind }),
    ...(name !== undefined && { [`${META}pod_controller_name`]: name }),
  };
}

/** One of a pod's containers, with one of its ports. */
export function containerLabels(container: SdPod["containers"][number], port: SdPort | undefined): Labels {
  return {
    [`${META}pod_container_name`]: container.name,
    [`${META}pod_container_image`]: container.image,
    [`${META}pod_container_init`]: String(container.init),
    ...(port !== undefined && {
      [`${META}pod_container_port_name`]: port.name ?? "",
      [`${META}pod_container_port_number`]: String(port.port ?? ""),
      [`${META}pod_container_port_protocol`]: port.protocol ?? "",
    }),
  };
}

export function hostPort(host: string, port: number | undefined): string {
  if (port === undefined) return host;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
