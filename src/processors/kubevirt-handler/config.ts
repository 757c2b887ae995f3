import { duration, z } from "../../config/index.ts";
import { extraMetricsSchema } from "./extra-metrics.ts";
import { labelOptions, namePatterns } from "./label-options.ts";

const pattern =
  "Patterns over the label's key (what follows `kubernetes_vmi_label_`); `*` stands for any text, `?` for one character.";

export const configSchema = z.strictObject({
  set: z
    .enum(["kubevirt_handler", "kubevirt_api", "kubevirt_controller"])
    .default("kubevirt_handler")
    .describe(
      "Which component's documented metrics to make: those of virt-handler, virt-api or virt-controller.",
    ),
  metrics: z
    .enum(["documented", "all"])
    .default("documented")
    .describe(
      "`documented`: the documented set only. `all`: everything else passes too, under its own name.",
    ),
  histograms: z
    .enum(["documented", "native"])
    .default("documented")
    .describe(
      "How documented histograms are sent. `documented`: as the sums `.bucket`, `.count` and `.sum`. `native`: as one OTLP histogram.",
    ),
  temporality: z
    .enum(["cumulative", "delta"])
    .default("cumulative")
    .describe("`delta` turns monotonic sums and histograms into exact differences between scrapes."),
  resource: z
    .enum(["handler", "vmi"])
    .default("handler")
    .describe(
      "`handler`: one resource for each virt-handler. `vmi`: one for each virtual machine as well, with the machine's identity on the resource instead of on each point.",
    ),
  integration_attributes: z
    .boolean()
    .default(true)
    .describe(
      "Adds the attributes `endpoint`, `pod_name`, `kube_namespace` and `kube_cluster_name` where they are known, and renames `namespace` to `vm_namespace`.",
    ),
  vmi_labels: z
    .strictObject({
      include: z
        .array(z.string())
        .default(["*"])
        .describe(`Labels of the virtual machine to keep. ${pattern}`),
      exclude: z
        .array(z.string())
        .default([])
        .describe("Labels to leave out, even if included. Patterns likewise."),
      strip_prefix: z
        .boolean()
        .default(false)
        .describe(
          "Drops `kubernetes_vmi_label_` from the names. A label whose short name is taken keeps its prefix.",
        ),
    })
    .prefault({})
    .describe("What becomes of the attributes `kubernetes_vmi_label_*`."),
  extra_metrics: extraMetricsSchema,
  exclude_metrics: namePatterns()
    .default([])
    .describe(
      "Metrics to leave out, by their names at the source (counters with or without `_total`). What is no plain name is a regular expression (RE2) that matches anywhere.",
    ),
  ...labelOptions,
  correct_known_errors: z
    .boolean()
    .default(true)
    .describe(
      "Corrects values that are wrong in some releases of KubeVirt, by the version that `kubevirt_info` says: `kubevirt_vmi_vcpu_seconds_total` is 1000 times too large from v1.3.0 to v1.5, `kubevirt_vmi_vcpu_wait_seconds` before v1.1.",
    ),
  max_staleness: duration({ min: 1 })
    .prefault("5m")
    .describe(
      "With `temporality: delta`: how long a series may be absent for its next difference to still cover the gap. After that its next point is a first one.",
    ),
});

export type Config = z.output<typeof configSchema>;
