import type { Attributes, MetricLayout, Resource } from "../../metrics/index.ts";

/** Metrics with the names of KubeVirt or of its documented set; elsewhere `name` is something else. */
const PREFIX = "kubevirt_";

/** `namespace/name` of the machine that attributes name; undefined when they name none. */
function vmKey(attributes: Attributes): string | undefined {
  const namespace = attributes["vm_namespace"] ?? attributes["namespace"];
  const { name } = attributes as { name?: unknown };
  return typeof namespace === "string" && typeof name === "string" ? `${namespace}/${name}` : undefined;
}

/** Where each machine has a resource of its own, it is on that. */
export function resourceVmKey({ attributes }: Resource): string | undefined {
  return vmKey(attributes);
}

export function pointVmKey(attributes: Attributes, { descriptor }: MetricLayout): string | undefined {
  return descriptor.name.startsWith(PREFIX) ? vmKey(attributes) : undefined;
}
