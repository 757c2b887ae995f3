import type { Resource } from "../../metrics/index.ts";
import { componentOfSet, type MetricSet, type TargetConfig } from "./config.ts";

/** A configured target, or a pod that was found. */
export interface Target extends TargetConfig {
  readonly pod_uid?: string;
}

const defaultPorts: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/** What the points of a target are about, in OpenTelemetry's semantic conventions; the port as a string, as the Collector has it. */
export function targetResource(target: Target, set: MetricSet): Resource {
  const url = new URL(target.metrics_endpoint);
  const port = url.port === "" ? (defaultPorts[url.protocol] ?? "") : url.port;
  const { pod_name, pod_uid, namespace, node_name, cluster_name } = target;
  return {
    attributes: Object.freeze({
      "service.name": componentOfSet[set],
      "service.instance.id": `${url.hostname}:${port}`,
      "server.address": url.hostname.replace(/^\[(.*)\]$/, "$1"),
      "server.port": port,
      "url.scheme": url.protocol.slice(0, -1),
      // Whoever needs the whole URL takes /metrics for granted.
      ...(url.pathname !== "/metrics" && { "url.path": url.pathname }),
      ...(pod_name !== undefined && { "k8s.pod.name": pod_name }),
      ...(pod_uid !== undefined && { "k8s.pod.uid": pod_uid }),
      ...(namespace !== undefined && { "k8s.namespace.name": namespace }),
      ...(node_name !== undefined && { "k8s.node.name": node_name }),
      ...(cluster_name !== undefined && { "k8s.cluster.name": cluster_name }),
    }),
  };
}
