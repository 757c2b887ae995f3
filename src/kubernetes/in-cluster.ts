import { isIPv6 } from "node:net";
import { join } from "node:path";
import { CollectorError } from "../errors/index.ts";
import type { ApiAccess } from "./api-access.ts";
import { FollowedFile } from "./followed-file.ts";

/** Environment variables by name, such as process.env. */
export type Environment = Readonly<Record<string, string | undefined>>;

export const SERVICE_ACCOUNT_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface InClusterOptions {
  readonly environment: Environment;
  /** Where the service account is mounted; default as Kubernetes does. */
  readonly directory?: string;
  /** Without a token, for clusters that let anybody read. */
  readonly anonymous?: boolean;
}

/**
 * The API server as a pod sees it: address from KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, CA, token and
 * namespace from the mounted service account. The kubelet replaces the token before it expires.
 * @throws CollectorError COMPONENT_START outside a pod
 */
export async function inClusterAccess(options: InClusterOptions): Promise<ApiAccess> {
  const host = options.environment["KUBERNETES_SERVICE_HOST"] ?? "";
  const port = options.environment["KUBERNETES_SERVICE_PORT"] ?? "";
  const url = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  if (host === "" || port === "" || !URL.canParse(url)) {
    throw new CollectorError(
      "COMPONENT_START",
      `not in a Kubernetes pod: KUBERNETES_SERVICE_HOST is ${JSON.stringify(host)} and KUBERNETES_SERVICE_PORT ${JSON.stringify(port)}; outside a cluster use a kubeconfig`,
    );
  }
  const directory = options.directory ?? SERVICE_ACCOUNT_DIRECTORY;
  const ca = new FollowedFile(join(directory, "ca.crt"), "service account CA");
  const token = new FollowedFile(join(directory, "token"), "service account token");
  const namespace = new FollowedFile(join(directory, "namespace"), "service account namespace");
  return {
    server: new URL(url),
    namespace: await namespace.read().then(
      (text) => text.trim() || undefined,
      () => undefined,
    ),
    credentials: async () => ({
      ca: await ca.read(),
      ...(options.anonymous !== true && { authorization: `Bearer ${(await token.read()).trim()}` }),
    }),
    refused() {},
    close() {},
  };
}
