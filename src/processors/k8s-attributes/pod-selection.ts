import type { Environment } from "../../kubernetes/index.ts";
import type { Config } from "./config.ts";

/** Which pods to watch, as the API server wants to hear it. */
export interface PodSelection {
  readonly namespaces: readonly string[];
  readonly node: string | undefined;
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
}

export function podSelection({ filter }: Config, environment: Environment): PodSelection {
  const fromVariable = filter.node_from_env_var && environment[filter.node_from_env_var];
  const node = filter.node ?? (fromVariable || undefined);
  const labels = filter.labels.map(labelRequirement);
  const fields = filter.fields.map(({ key, value, op }) => `${key}${op === "equals" ? "=" : "!="}${value}`);
  if (node !== undefined) fields.unshift(`spec.nodeName=${node}`);
  return {
    namespaces: filter.namespace === undefined ? [] : [filter.namespace],
    node,
    labelSelector: labels.join(",") || undefined,
    fieldSelector: fields.join(",") || undefined,
  };
}

function labelRequirement({ key, value, op }: Config["filter"]["labels"][number]): string {
  switch (op) {
    case "equals":
      return `${key}=${value}`;
    case "not-equals":
      return `${key}!=${value}`;
    case "exists":
      return key;
    case "does-not-exist":
      return `!${key}`;
  }
}
