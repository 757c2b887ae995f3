import { z } from "../../config/index.ts";
import { connectionShape, fieldRuleSchema } from "../../kubernetes/index.ts";
import { compileRegex } from "../../regex/index.ts";

/** Those that stay the same for as long as a machine runs, so that they begin no new series; its instance knows them all. */
export const DEFAULT_METADATA = [
  "kubevirt.vm.name",
  "kubevirt.vm.instancetype",
  "kubevirt.vm.preference",
  "kubevirt.vmi.guest_os.name",
  "kubevirt.vmi.guest_os.version",
] as const;

export const METADATA = [
  ...DEFAULT_METADATA,
  "kubevirt.vm.owner.kind",
  "kubevirt.vm.owner.name",
  "kubevirt.vm.uid",
  "kubevirt.vm.run_strategy",
  "kubevirt.vm.status",
  "kubevirt.vm.creation_time",
  "kubevirt.vmi.uid",
  "kubevirt.vmi.phase",
  "kubevirt.vmi.node.name",
  "kubevirt.vmi.creation_time",
  "kubevirt.vmi.guest_os.id",
  "kubevirt.vmi.guest_os.pretty_name",
  "kubevirt.vmi.guest_os.kernel_release",
  "kubevirt.vmi.guest_os.machine",
  "kubevirt.vmi.migration.state",
  "kubevirt.vmi.migration.source_node",
  "kubevirt.vmi.migration.target_node",
] as const;

export type MetadataName = (typeof METADATA)[number];

const text = (what: string) => z.string().min(1).optional().describe(what);

const fieldRule = (what: "label" | "annotation") =>
  fieldRuleSchema({
    what,
    kinds: ["vmi", "vm"],
    kindsText: "The running instance (VirtualMachineInstance) or the VirtualMachine.",
    defaultName: `kubevirt.<from>.${what}.<key>`,
    compile: compileRegex,
  });

export const configSchema = z.strictObject({
  ...connectionShape,
  namespaces: z
    .array(z.string().min(1))
    .default([])
    .describe("Namespaces of the virtual machines. Default: all."),
  node: text(
    "Only machines on this node are kept in memory: the collector's own, where one runs on each node. Virtual machines that do not run are on no node.",
  ),
  extract: z
    .strictObject({
      metadata: z
        .array(z.enum(METADATA))
        .default([...DEFAULT_METADATA])
        .describe(
          "Which attributes to add. The others change while a machine runs (phase, node, migration) or make series that are told apart by little else (uids, times).",
        ),
      labels: z.array(fieldRule("label")).default([]).describe("Labels that become attributes."),
      annotations: z
        .array(fieldRule("annotation"))
        .default([])
        .describe("Annotations that become attributes."),
    })
    .prefault({})
    .describe("What to add."),
});

export type Config = z.output<typeof configSchema>;
