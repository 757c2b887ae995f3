import type { Attributes } from "../../metrics/index.ts";
import type { MetadataName } from "./config.ts";
import type { VmFacts, Wanted } from "./vm-facts.ts";

/** Attributes of a virtual machine's two objects, either of which may be missing. What the instance says goes first. */
export function vmAttributes(vmi: VmFacts | undefined, vm: VmFacts | undefined, wanted: Wanted): Attributes {
  const ownedByVm = vmi?.owner?.kind === "VirtualMachine" ? vmi.owner : undefined;
  // An instance without a machine may belong to something else, such as a replica set.
  const owner = vm?.owner ?? (ownedByVm === undefined ? vmi?.owner : undefined);
  const all: Readonly<Partial<Record<MetadataName, string | undefined>>> = {
    ...vm?.values,
    ...vmi?.values,
    ...(ownedByVm && { "kubevirt.vm.name": ownedByVm.name, "kubevirt.vm.uid": ownedByVm.uid }),
    "kubevirt.vm.owner.kind": owner?.kind,
    "kubevirt.vm.owner.name": owner?.name,
  };
  const result: Record<string, unknown> = {};
  for (const name of wanted.metadata) if (all[name]) result[name] = all[name];
  for (const [from, facts] of [
    ["vm", vm],
    ["vmi", vmi],
  ] as const) {
    if (facts === undefined) continue;
    wanted.labels.extract(from, facts.labels, result);
    wanted.annotations.extract(from, facts.annotations, result);
  }
  return Object.freeze(result);
}
