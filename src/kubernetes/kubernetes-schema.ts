import { z } from "../config/index.ts";
import { connectionShape } from "./connection.ts";

const shardSchema = z
  .strictObject({
    index: z.int().min(0).describe("Which of the shards this process is, from 0."),
    total: z.int().min(1).describe("How many there are."),
  })
  .check((context) => {
    const { index, total } = context.value;
    if (index < total) return;
    context.issues.push({
      code: "custom",
      input: index,
      path: ["index"],
      message: `must be below total ${total}, got ${index}`,
    });
  });

/** The `kubernetes:` block of a receiver that scrapes KubeVirt's components. */
export const kubernetesSchema = z.strictObject({
  ...connectionShape,
  namespaces: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Where to look for pods. Default: the namespaces of the KubeVirt objects; all, where there is none or they may not be read.",
    ),
  label_selector: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Which pods to scrape, as a Kubernetes label selector. Default: `kubevirt.io=virt-handler`, or what the receiver's set stands for.",
    ),
  node: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Only pods on this node: the collector's own, from an environment variable, where one runs on each node.",
    ),
  port: z
    .union([z.int().min(1).max(65_535), z.string().min(1)])
    .default("metrics")
    .describe("Port of the pod by its name or its number."),
  ca_config_map: z
    .string()
    .min(1)
    .nullable()
    .default("kubevirt-ca")
    .describe(
      "ConfigMap in the pod's namespace whose key `ca-bundle` holds the CAs of the pods' certificates; followed as KubeVirt rotates them. null: the receiver's `tls` alone decides.",
    ),
  shard: shardSchema
    .optional()
    .describe("Takes only this shard's part of the targets, so that replicas share them. Default: all."),
});

/** The values of {@link kubernetesSchema}. */
export type KubernetesConfig = z.output<typeof kubernetesSchema>;
