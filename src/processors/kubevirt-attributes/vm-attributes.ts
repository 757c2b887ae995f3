import type { Attributes } from "../../metrics/index.ts";
import type { Config, MetadataName } from "./config.ts";
import type { Fields, VmFacts, VmiFacts } from "./vm-facts.ts";

/** Makes attributes of a virtual machine's two objects, either of which may be missing. */
export class VmAttributes {
  readonly #wanted: ReadonlySet<MetadataName>;
  readonly #fields: Fields;

  constructor({ metadata }: Config["extract"], fields: Fields) {
    this.#wanted = new Set(metadata);
    this.#fields = fields;
  }

  /** @param name of both: an instance is called as its machine */
  of(name: string, vmi: VmiFacts | undefined, vm: VmFacts | undefined): Attributes {
    const ownedByVm = vmi?.owner?.kind === "VirtualMachine" ? vmi.owner : undefined;
    // An instance without a machine may belong to something else, such as a replica set.
    const owner = vm?.owner ?? (ownedByVm === undefined ? vmi?.owner : undefined);
    const values: Readonly<Record<MetadataName, string | undefined>> = {
      "kubevirt.vm.name": ownedByVm?.name ?? (vm === undefined ? undefined : name),
      "kubevirt.vm.uid": ownedByVm?.uid || vm?.uid,
      "kubevirt.vm.owner.kind": owner?.kind,
      "kubevirt.vm.owner.name": owner?.name,
      "kubevirt.vm.instancetype": vmi?.instancetype || vm?.instancetype,
      "kubevirt.vm.preference": vmi?.preference || vm?.preference,
      "kubevirt.vm.run_strategy": vm?.runStrategy,
      "kubevirt.vm.status": vm?.status,
      "kubevirt.vm.creation_time": vm?.createdAt,
      "kubevirt.vmi.uid": vmi?.uid,
      "kubevirt.vmi.phase": vmi?.phase,
      "kubevirt.vmi.node.name": vmi?.nodeName,
      "kubevirt.vmi.creation_time": vmi?.createdAt,
      "kubevirt.vmi.guest_os.name": vmi?.guestOs.name,
      "kubevirt.vmi.guest_os.version": vmi?.guestOs.version,
      "kubevirt.vmi.guest_os.id": vmi?.guestOs.id,
      "kubevirt.vmi.guest_os.pretty_name": vmi?.guestOs.prettyName,
      "kubevirt.vmi.guest_os.kernel_release": vmi?.guestOs.kernelRelease,
      "kubevirt.vmi.guest_os.machine": vmi?.guestOs.machine,
      "kubevirt.vmi.migration.state": vmi?.migration.state,
      "kubevirt.vmi.migration.source_node": vmi?.migration.source,
      "kubevirt.vmi.migration.target_node": vmi?.migration.target,
    };
    const result: Record<string, unknown> = {};
    for (const metadata of this.#wanted) if (values[metadata]) result[metadata] = values[metadata];
    for (const [from, facts] of [["vm", vm] as const, ["vmi", vmi] as const]) {
      if (facts === undefined) continue;
      this.#fields.labels.extract(from, facts.labels, result);
      this.#fields.annotations.extract(from, facts.annotations, result);
    }
    return Object.freeze(result);
  }
}
