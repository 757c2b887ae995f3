import type { UpstreamSettings } from "../../component/index.ts";
import { connect, resources, WatchedObjects } from "../../kubernetes/index.ts";
import type { Attributes } from "../../metrics/index.ts";
import type { Config } from "./config.ts";

type NodeConfig = Config["kubernetes_node"];

/** The node that this pod runs on, by its name in an environment variable. */
export function detectNodeName(config: NodeConfig): Attributes {
  return config.resource_attributes["k8s.node.name"].enabled ? { "k8s.node.name": nodeName(config) } : {};
}

/** Its uid, which the API server knows. */
export async function detectNodeUid(
  config: NodeConfig,
  { logger, meter, clock, build, id }: UpstreamSettings<Config>,
  signal: AbortSignal,
): Promise<Attributes> {
  if (!config.resource_attributes["k8s.node.uid"].enabled) return {};
  const name = nodeName(config);
  const context = await connect(config, {
    logger,
    meter,
    clock,
    userAgent: `${build.command}/${build.version}`,
    telemetryAttributes: { processor: id },
  });
  const nodes = new WatchedObjects<{ readonly uid: string | undefined }>({
    ...context,
    resource: resources.nodes,
    namespaces: [],
    fieldSelector: `metadata.name=${name}`,
    project: ({ metadata }) => ({ uid: metadata.uid }),
  });
  try {
    await Promise.race([nodes.ready(), aborted(signal)]);
    const uid = nodes.store.get(name)?.uid;
    if (uid === undefined) throw new Error(`the API server does not tell the uid of node ${name}`);
    return { "k8s.node.uid": uid };
  } finally {
    await nodes.close();
    await context.client.close();
  }
}

function nodeName({ node_from_env_var: variable }: NodeConfig): string {
  const name = process.env[variable];
  if (!name) throw new Error(`environment variable ${variable} with the name of the node is not set`);
  return name;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
