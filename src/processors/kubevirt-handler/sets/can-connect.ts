import type { DirectMetric } from "../documented-set.ts";

/** What the receiver says of the health endpoint, whichever component it belongs to. */
export const CAN_CONNECT_SOURCE = "kubevirt_handler.can_connect";

export function canConnect(prefix: string, component: string): DirectMetric {
  return {
    source: CAN_CONNECT_SOURCE,
    name: `${prefix}.can_connect`,
    kind: "gauge",
    unit: "1",
    description: `1 if the health endpoint of the ${component} answered that all is well, else 0.`,
  };
}
