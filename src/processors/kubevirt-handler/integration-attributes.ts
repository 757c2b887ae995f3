import type { Attributes } from "../../metrics/index.ts";

/** Attribute of the integration by the resource attribute that it is taken from. */
const FROM_RESOURCE = {
  pod_name: "k8s.pod.name",
  kube_namespace: "k8s.namespace.name",
  kube_cluster_name: "k8s.cluster.name",
} as const;

/** The integration's attributes of everything from one target, as far as its resource knows them. */
export function integrationAttributes(resource: Attributes): Readonly<Record<string, string>> {
  const result: Record<string, string> = {};
  const endpoint = metricsUrl(resource);
  if (endpoint !== undefined) result["endpoint"] = endpoint;
  for (const [name, source] of Object.entries(FROM_RESOURCE)) {
    const value = resource[source];
    if (typeof value === "string" && value !== "") result[name] = value;
  }
  return result;
}

/** The URL that was scraped. */
function metricsUrl(resource: Attributes): string | undefined {
  const scheme = resource["url.scheme"];
  const address = resource["server.address"];
  const port = resource["server.port"] ?? "";
  const path = resource["url.path"] ?? "/metrics";
  if (typeof scheme !== "string" || typeof address !== "string" || scheme === "" || address === "") {
    return undefined;
  }
  const host = address.includes(":") && !address.startsWith("[") ? `[${address}]` : address;
  return `${scheme}://${host}${port === "" ? "" : `:${String(port)}`}${String(path)}`;
}
