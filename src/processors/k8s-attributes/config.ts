import { duration, z } from "../../config/index.ts";
import { connectionShape, fieldRuleSchema } from "../../kubernetes/index.ts";
import { compileRegex } from "../../regex/index.ts";

/** Attributes that `extract::metadata` may name, with those it has by default first. */
export const DEFAULT_METADATA = [
  "k8s.namespace.name",
  "k8s.pod.name",
  "k8s.pod.uid",
  "k8s.pod.start_time",
  "k8s.deployment.name",
  "k8s.node.name",
] as const;

export const METADATA = [
  ...DEFAULT_METADATA,
  "k8s.pod.ip",
  "k8s.pod.hostname",
  "k8s.deployment.uid",
  "k8s.replicaset.name",
  "k8s.replicaset.uid",
  "k8s.statefulset.name",
  "k8s.statefulset.uid",
  "k8s.daemonset.name",
  "k8s.daemonset.uid",
  "k8s.job.name",
  "k8s.job.uid",
  "k8s.cronjob.name",
  "k8s.cronjob.uid",
  "k8s.node.uid",
  "k8s.cluster.uid",
  "k8s.container.name",
  "container.id",
  "container.image.name",
  "container.image.tag",
  "container.image.repo_digests",
  "service.namespace",
  "service.name",
  "service.version",
  "service.instance.id",
] as const;

export type MetadataName = (typeof METADATA)[number];

export const KINDS = ["pod", "namespace", "node", "deployment", "statefulset", "daemonset", "job"] as const;

export type Kind = (typeof KINDS)[number];

const text = (what: string) => z.string().min(1).optional().describe(what);

const fieldRule = (what: "label" | "annotation") =>
  fieldRuleSchema({
    what,
    kinds: KINDS,
    kindsText: "The kind of object that has it.",
    defaultName: `k8s.<from>.${what}s.<key>`,
    compile: compileRegex,
  });

const labelFilter = z.strictObject({
  key: z.string().min(1).describe("Key of the label."),
  value: z.string().default("").describe("Its value."),
  op: z
    .enum(["equals", "not-equals", "exists", "does-not-exist"])
    .default("equals")
    .describe("How to compare."),
});

const fieldFilter = z.strictObject({
  key: z.string().min(1).describe("Field that the API server can select by, such as `status.phase`."),
  value: z.string().default("").describe("Its value."),
  op: z.enum(["equals", "not-equals"]).default("equals").describe("How to compare."),
});

export const configSchema = z.strictObject({
  ...connectionShape,
  passthrough: z
    .boolean()
    .default(false)
    .describe("Looks nothing up and hands everything on: for agents before a gateway that does it."),
  extract: z
    .strictObject({
      metadata: z
        .array(z.enum(METADATA))
        .default([...DEFAULT_METADATA])
        .describe("Which attributes to add."),
      labels: z.array(fieldRule("label")).default([]).describe("Labels that become attributes."),
      annotations: z
        .array(fieldRule("annotation"))
        .default([])
        .describe("Annotations that become attributes."),
      otel_annotations: z
        .boolean()
        .default(false)
        .describe("Pod annotations `resource.opentelemetry.io/<name>` become attributes `<name>`."),
      deployment_name_from_replicaset: z
        .boolean()
        .default(false)
        .describe(
          "Takes the deployment's name from the replica set's without its last part even where the pod's label pod-template-hash does not confirm it.",
        ),
    })
    .prefault({})
    .describe("What to add."),
  filter: z
    .strictObject({
      node: text("Only pods of this node are looked at."),
      node_from_env_var: text("The same, the node's name being in this environment variable."),
      namespace: text("Only pods of this namespace are looked at."),
      labels: z.array(labelFilter).default([]).describe("Only pods with these labels are looked at."),
      fields: z.array(fieldFilter).default([]).describe("Only pods with these fields are looked at."),
    })
    .prefault({})
    .describe("Which pods to keep in memory."),
  pod_association: z
    .array(
      z.strictObject({
        sources: z
          .array(
            z.strictObject({
              from: z
                .enum(["resource_attribute", "connection"])
                .describe(
                  "Where it comes from. What is scraped has no `connection`: such a rule never applies.",
                ),
              name: text("Name of the resource attribute."),
            }),
          )
          .min(1)
          .max(4)
          .describe("All have to agree with the pod."),
      }),
    )
    .default([
      { sources: [{ from: "resource_attribute", name: "k8s.pod.uid" }] },
      {
        sources: [
          { from: "resource_attribute", name: "k8s.pod.name" },
          { from: "resource_attribute", name: "k8s.namespace.name" },
        ],
      },
      { sources: [{ from: "resource_attribute", name: "k8s.pod.ip" }] },
    ])
    .describe("How a resource finds its pod; the first rule that finds one counts."),
  exclude: z
    .strictObject({
      pods: z
        .array(
          z.strictObject({
            name: z.string().min(1).describe("Regular expression (RE2) over the pod's name."),
          }),
        )
        .default([{ name: "jaeger-agent" }, { name: "jaeger-collector" }])
        .describe("Pods by name."),
    })
    .prefault({})
    .describe("Pods to leave out."),
  wait_for_metadata: z
    .boolean()
    .default(false)
    .describe("Starts only when the objects are known, and fails if that takes too long."),
  wait_for_metadata_timeout: duration().prefault("10s").describe("How long that may take."),
  watch_sync_period: duration()
    .prefault("5m")
    .describe("Accepted for the Collector's sake; watches need no periodic reading here."),
  pod_delete_grace_period: duration()
    .prefault("120s")
    .describe("How long a deleted pod is still known, for what is late."),
});

export type Config = z.output<typeof configSchema>;
