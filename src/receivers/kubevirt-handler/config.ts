import { crossCheck, duration, endpointUrl, formatDuration, optionalSection, z } from "../../config/index.ts";
import { kubernetesSchema } from "../../kubernetes/index.ts";
import { httpClientShape } from "../../net/index.ts";
import { compileRegex, RegexError } from "../../regex/index.ts";

/** The component that each set of metrics comes from: the label `kubevirt.io` of its pods and its `service.name`. */
export const componentOfSet = {
  kubevirt_handler: "virt-handler",
  kubevirt_api: "virt-api",
  kubevirt_controller: "virt-controller",
} as const;

export type MetricSet = keyof typeof componentOfSet;

const sets = Object.keys(componentOfSet) as [MetricSet, ...MetricSet[]];

/** A virt-handler answers slowly by design: one launcher that hangs makes a scrape take ten seconds. */
const DEFAULT_TIMEOUT_MS = 15_000;

const plainUrl = () =>
  endpointUrl().refine(
    (url) => !hasCredentials(url),
    "must not hold a user name or password; use authorization or headers",
  );

const limit = (what: string) => z.int().min(0).default(0).describe(`${what} 0 = no limit.`);

const regex = z
  .string()
  .min(1)
  .check(({ value, issues }) => {
    try {
      compileRegex(value);
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      issues.push({ code: "custom", input: value, message: error.message });
    }
  });

const targetSchema = z.strictObject({
  metrics_endpoint: plainUrl().describe(
    "URL of the metrics, such as `https://10.244.0.38:8443/metrics`. virt-handler listens on the pod's IP only.",
  ),
  healthz_endpoint: plainUrl()
    .nullable()
    .optional()
    .describe(
      "URL of the health check. Default: `/healthz` at the origin of metrics_endpoint; null = no health check.",
    ),
  pod_name: z.string().min(1).optional().describe("Name of the pod, resource attribute `k8s.pod.name`."),
  namespace: z
    .string()
    .min(1)
    .optional()
    .describe("Namespace of the pod, resource attribute `k8s.namespace.name`."),
  node_name: z.string().min(1).optional().describe("Name of the node, resource attribute `k8s.node.name`."),
  cluster_name: z
    .string()
    .min(1)
    .optional()
    .describe("Name of the cluster, resource attribute `k8s.cluster.name`."),
  labels: z
    .record(z.string().min(1), z.string())
    .default({})
    .describe("Attributes for every point of the target. A label that the target itself exposes wins."),
});

export type TargetConfig = z.output<typeof targetSchema>;

const podsSchema = kubernetesSchema.extend({
  cluster_name: z
    .string()
    .min(1)
    .optional()
    .describe("Name of the cluster, resource attribute `k8s.cluster.name` of all pods."),
  labels: z
    .record(z.string().min(1), z.string())
    .default({})
    .describe("Attributes for every point. A label that the pod itself exposes wins."),
});

export type PodsConfig = z.output<typeof podsSchema>;

export const configSchema = z
  .strictObject({
    set: z
      .enum(sets)
      .default("kubevirt_handler")
      .describe(
        "Which component is scraped: decides what `kubernetes` looks for, the resource's `service.name` and the name of `can_connect`.",
      ),
    collection_interval: duration({ min: 100 })
      .prefault("30s")
      .describe(
        "Time between two scrapes of a target. Scrapes of one target never overlap: a tick that comes during one is skipped.",
      ),
    initial_delay: duration()
      .prefault("1s")
      .describe(
        "Least time before the first scrape. Each target has its own phase within the interval, derived from its URL.",
      ),
    timeout: duration({ min: 1 })
      .optional()
      .describe(
        "For a whole scrape, and for a health check. Default: 15s or the interval, whichever is less. A virt-handler with a hanging launcher takes 10s to answer.",
      ),
    targets: z
      .array(targetSchema)
      .default([])
      .describe("What to scrape, by URL. Needed without `kubernetes`; with it they are scraped as well."),
    kubernetes: optionalSection(podsSchema).describe(
      "Finds the pods to scrape in the cluster and follows them as they come, move and go.",
    ),
    ...httpClientShape,
    body_size_limit_mib: z
      .number()
      .min(0)
      .default(64)
      .describe("Largest body after decompression, in MiB; a scrape that reaches it fails. 0 = no limit."),
    sample_limit: limit("Most samples of a body; a scrape above it fails."),
    label_limit: limit(
      "Most labels of a series, the metric's name counted; a scrape with one above it fails.",
    ),
    label_name_length_limit: limit("Longest label name in bytes; a scrape with a longer one fails."),
    label_value_length_limit: limit("Longest label value in bytes; a scrape with a longer one fails."),
    raw_line_filters: z
      .array(regex)
      .default([])
      .describe(
        "Regular expressions (RE2). Lines of the body in which one of them matches anywhere, value and comments included, are left out before anything is parsed.",
      ),
  })
  .check(
    crossCheck(["timeout", "collection_interval"], ({ value: { timeout, collection_interval }, issues }) => {
      if (timeout === undefined || timeout <= collection_interval) return;
      issues.push({
        code: "custom",
        input: timeout,
        path: ["timeout"],
        message: `must not be above collection_interval ${formatDuration(collection_interval)}, got ${formatDuration(timeout)}`,
      });
    }),
    crossCheck(["targets", "kubernetes"], ({ value: { targets, kubernetes }, issues }) => {
      if (targets.length > 0 || kubernetes !== undefined) return;
      issues.push({
        code: "custom",
        input: targets,
        path: ["targets"],
        message: "must hold at least one target, or `kubernetes` must be set to find them",
      });
    }),
    crossCheck(["targets"], ({ value: { targets }, issues }) => {
      const seen = new Set<string>();
      for (const [i, { metrics_endpoint }] of targets.entries()) {
        const { href } = new URL(metrics_endpoint);
        if (seen.has(href)) {
          issues.push({
            code: "custom",
            input: metrics_endpoint,
            path: ["targets", i, "metrics_endpoint"],
            message: `is a target already: ${href}`,
          });
        }
        seen.add(href);
      }
    }),
  );

export type KubevirtHandlerConfig = z.output<typeof configSchema>;

/** Of a scrape, in milliseconds. */
export function timeoutOf({ timeout, collection_interval }: KubevirtHandlerConfig): number {
  return timeout ?? Math.min(DEFAULT_TIMEOUT_MS, collection_interval);
}

/** Where the health check goes; undefined for none. */
export function healthUrlOf({ healthz_endpoint, metrics_endpoint }: TargetConfig): URL | undefined {
  if (healthz_endpoint === null) return undefined;
  return new URL(healthz_endpoint ?? "/healthz", metrics_endpoint);
}

function hasCredentials(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.username !== "" || url.password !== "");
}
