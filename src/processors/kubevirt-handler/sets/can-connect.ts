import type { DirectMetric } from "../documented-set.ts";

/** What a receiver says of the health endpoint is called so, after the component that the receiver is set to. */
export function isCanConnect(name: string): boolean {
  return /^kubevirt_\w+\.can_connect$/.test(name);
}

export function canConnect(prefix: string, component: string): DirectMetric {
  const name = `${prefix}.can_connect`;
  return {
    sources: [name, "kubevirt_handler.can_connect"],
    name,
    kind: "gauge",
    unit: "1",
    description: `1 if the health endpoint of the ${component} answered that all is well, else 0.`,
  };
}
