import { controllerOf, type FieldExtractor, type KubernetesObject } from "../../kubernetes/index.ts";
import type { MetadataName } from "./config.ts";

/** What the configuration wants of objects; nothing else of them is kept. */
export interface Wanted {
  readonly metadata: ReadonlySet<MetadataName>;
  readonly labels: FieldExtractor;
  readonly annotations: FieldExtractor;
}

/** What is kept of a VirtualMachine or of its instance. */
export interface VmFacts {
  readonly owner: { readonly kind: string; readonly name: string; readonly uid: string } | undefined;
  /** Only what is wanted and known. */
  readonly values: Readonly<Partial<Record<MetadataName, string>>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Where KubeVirt notes by which instance type and preference an instance was made, for the two scopes they have. */
const INSTANCETYPE = ["kubevirt.io/instancetype-name", "kubevirt.io/cluster-instancetype-name"];
const PREFERENCE = ["kubevirt.io/preference-name", "kubevirt.io/cluster-preference-name"];

interface RawVmi {
  readonly status?: {
    readonly phase?: string;
    readonly nodeName?: string;
    readonly guestOSInfo?: Readonly<Record<string, string>>;
    readonly migrationState?: {
      readonly completed?: boolean;
      readonly failed?: boolean;
      readonly sourceNode?: string;
      readonly targetNode?: string;
    };
  };
}

interface RawVm {
  readonly spec?: {
    readonly instancetype?: { readonly name?: string };
    readonly preference?: { readonly name?: string };
    readonly runStrategy?: string;
    readonly running?: boolean;
  };
  readonly status?: { readonly printableStatus?: string };
}

export function vmiFacts(object: KubernetesObject, wanted: Wanted): VmFacts {
  const { metadata } = object;
  const { status } = object as RawVmi;
  const { guestOSInfo: os, migrationState: migration } = status ?? {};
  const annotation = (keys: readonly string[]) =>
    keys.map((key) => metadata.annotations?.[key]).find((value) => value);
  return facts("vmi", object, wanted, {
    "kubevirt.vm.instancetype": annotation(INSTANCETYPE),
    "kubevirt.vm.preference": annotation(PREFERENCE),
    "kubevirt.vmi.uid": metadata.uid,
    "kubevirt.vmi.phase": status?.phase,
    "kubevirt.vmi.node.name": status?.nodeName,
    "kubevirt.vmi.creation_time": metadata.creationTimestamp,
    "kubevirt.vmi.guest_os.name": os?.["name"],
    "kubevirt.vmi.guest_os.version": os?.["version"],
    "kubevirt.vmi.guest_os.id": os?.["id"],
    "kubevirt.vmi.guest_os.pretty_name": os?.["prettyName"],
    "kubevirt.vmi.guest_os.kernel_release": os?.["kernelRelease"],
    "kubevirt.vmi.guest_os.machine": os?.["machine"],
    "kubevirt.vmi.migration.state": migrationState(migration),
    "kubevirt.vmi.migration.source_node": migration?.sourceNode,
    "kubevirt.vmi.migration.target_node": migration?.targetNode,
  });
}

export function vmFacts(object: KubernetesObject, wanted: Wanted): VmFacts {
  const { metadata } = object;
  const { spec, status } = object as RawVm;
  return facts("vm", object, wanted, {
    "kubevirt.vm.name": metadata.name,
    "kubevirt.vm.uid": metadata.uid,
    "kubevirt.vm.instancetype": spec?.instancetype?.name,
    "kubevirt.vm.preference": spec?.preference?.name,
    "kubevirt.vm.run_strategy": spec?.runStrategy ?? runStrategyOf(spec?.running),
    "kubevirt.vm.status": status?.printableStatus,
    "kubevirt.vm.creation_time": metadata.creationTimestamp,
  });
}

function facts(
  from: "vm" | "vmi",
  { metadata }: KubernetesObject,
  wanted: Wanted,
  all: Readonly<Partial<Record<MetadataName, string | undefined>>>,
): VmFacts {
  const controller = controllerOf(metadata);
  const values: Partial<Record<MetadataName, string>> = {};
  for (const name of wanted.metadata) if (all[name]) values[name] = all[name];
  return {
    owner: controller && {
      kind: controller.kind ?? "",
      name: controller.name ?? "",
      uid: controller.uid ?? "",
    },
    values,
    labels: wanted.labels.keep(from, metadata.labels),
    annotations: wanted.annotations.keep(from, metadata.annotations),
  };
}

function migrationState(
  migration: { readonly completed?: boolean; readonly failed?: boolean } | undefined,
): string {
  if (migration === undefined) return "none";
  if (migration.failed === true) return "failed";
  return migration.completed === true ? "completed" : "running";
}

/** `running` is the older way to say it. */
function runStrategyOf(running: boolean | undefined): string | undefined {
  if (running === undefined) return undefined;
  return running ? "Always" : "Halted";
}
