import type { Clock } from "../component/index.ts";
import { z } from "../config/index.ts";
import type { Logger, Meter } from "../telemetry/index.ts";
import type { ApiAccess } from "./api-access.ts";
import { ApiClient } from "./api-client.ts";
import { ApiHealth } from "./api-health.ts";
import { type Environment, inClusterAccess } from "./in-cluster.ts";
import type { InformerContext } from "./informer.ts";
import { kubeconfigAccess } from "./kubeconfig.ts";
import { KubernetesTelemetry } from "./telemetry.ts";

/** How to reach the API server, to be spread into the schema of whatever needs it. */
export const connectionShape = {
  auth_type: z
    .enum(["serviceAccount", "kubeConfig", "none"])
    .default("serviceAccount")
    .describe(
      "`serviceAccount`: the pod's own, whose token and CA are read again as they rotate. `kubeConfig`: a kubeconfig file. `none`: the pod's API server without a token.",
    ),
  kubeconfig_file: z
    .string()
    .min(1)
    .optional()
    .describe("For `auth_type: kubeConfig`: the file. Default: KUBECONFIG, else `~/.kube/config`."),
  context: z
    .string()
    .min(1)
    .optional()
    .describe("For `auth_type: kubeConfig`: the context. Default: the file's current one."),
} as const;

/** The values of {@link connectionShape}. */
export interface ConnectionConfig {
  readonly auth_type: "serviceAccount" | "kubeConfig" | "none";
  readonly kubeconfig_file?: string | undefined;
  readonly context?: string | undefined;
}

/** What a component hands over to use this room. */
export interface KubernetesHost {
  readonly logger: Logger;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly userAgent: string;
  /** Attributes of this room's self-metrics, such as `{ receiver: "kubevirt_handler" }`. */
  readonly telemetryAttributes: Readonly<Record<string, string>>;
  /** For the component's status: gets an error when a request fails for more than a moment, undefined when all is well again. */
  readonly onHealth?: (error: unknown) => void;
  /** Default process.env. */
  readonly environment?: Environment;
  /** Where the service account is mounted; default as Kubernetes does. */
  readonly serviceAccountDirectory?: string;
  /** Default Math.random. */
  readonly random?: () => number;
}

/**
 * A client for the configured API server with what informers need beside it. Nothing is connected yet; the caller
 * closes the client.
 * @throws CollectorError COMPONENT_START outside a pod, or when the kubeconfig cannot be used
 */
export async function connect(config: ConnectionConfig, host: KubernetesHost): Promise<InformerContext> {
  const environment = host.environment ?? process.env;
  const access =
    config.auth_type === "kubeConfig"
      ? await kubeconfigAccess({
          file: config.kubeconfig_file,
          context: config.context,
          environment,
          now: () => host.clock.now(),
        })
      : await inClusterAccess({
          environment,
          anonymous: config.auth_type === "none",
          ...(host.serviceAccountDirectory !== undefined && { directory: host.serviceAccountDirectory }),
        });
  return informerContext(access, host);
}

/** What informers need, for a server that is known. */
export function informerContext(access: ApiAccess, host: KubernetesHost): InformerContext {
  return {
    client: new ApiClient(access, host.userAgent, () => host.clock.now()),
    clock: host.clock,
    logger: host.logger,
    telemetry: new KubernetesTelemetry(host.meter, host.telemetryAttributes),
    health: new ApiHealth(host.onHealth),
    random: host.random ?? Math.random,
  };
}
