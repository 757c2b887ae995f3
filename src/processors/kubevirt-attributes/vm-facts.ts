import { controllerOf, type FieldExtractor, type KubernetesObject } from "../../kubernetes/index.ts";

export interface Fields {
  readonly labels: FieldExtractor;
  readonly annotations: FieldExtractor;
}

/** What is kept of a VirtualMachineInstance. */
export interface VmiFacts {
  readonly uid: string;
  readonly createdAt: string;
  readonly phase: string;
  readonly nodeName: string;
  readonly owner: { readonly kind: string; readonly name: string; readonly uid: string } | undefined;
  readonly instancetype: string;
  readonly preference: string;
  readonly guestOs: Readonly<
    Record<"name" | "version" | "id" | "prettyName" | "kernelRelease" | "machine", string>
  >;
  readonly migration: {
    /** `none`, `running`, `completed` or `failed`. */
    readonly state: string;
    readonly source: string;
    readonly target: string;
  };
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What is kept of a VirtualMachine. */
export interface VmFacts {
  readonly uid: string;
  readonly createdAt: string;
  readonly owner: { readonly kind: string; readonly name: string } | undefined;
  readonly instancetype: string;
  readonly preference: string;
  readonly runStrategy: string;
  readonly status: string;
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

export function vmiFacts(object: KubernetesObject, { labels, annotations }: Fields): VmiFacts {
  const { metadata } = object;
  const { status } = object as RawVmi;
  const { guestOSInfo: os, migrationState: migration } = status ?? {};
  const controller = controllerOf(metadata);
  const annotation = (keys: readonly string[]) =>
    keys.map((key) => metadata.annotations?.[key]).find((value) => value) ?? "";
  return {
    uid: metadata.uid ?? "",
    createdAt: metadata.creationTimestamp ?? "",
    phase: status?.phase ?? "",
    nodeName: status?.nodeName ?? "",
    owner: controller && {
      kind: controller.kind ?? "",
      name: controller.name ?? "",
      uid: controller.uid ?? "",
    },
    instancetype: annotation(INSTANCETYPE),
    preference: annotation(PREFERENCE),
    guestOs: {
      name: os?.["name"] ?? "",
      version: os?.["version"] ?? "",
      id: os?.["id"] ?? "",
      prettyName: os?.["prettyName"] ?? "",
      kernelRelease: os?.["kernelRelease"] ?? "",
      machine: os?.["machine"] ?? "",
    },
    migration: {
      state: migrationState(migration),
      source: migration?.sourceNode ?? "",
      target: migration?.targetNode ?? "",
    },
    labels: labels.keep("vmi", metadata.labels),
    annotations: annotations.keep("vmi", metadata.annotations),
  };
}

export function vmFacts(object: KubernetesObject, { labels, annotations }: Fields): VmFacts {
  const { metadata } = object;
  const { spec, status } = object as RawVm;
  const controller = controllerOf(metadata);
  return {
    uid: metadata.uid ?? "",
    createdAt: metadata.creationTimestamp ?? "",
    owner: controller && { kind: controller.kind ?? "", name: controller.name ?? "" },
    instancetype: spec?.instancetype?.name ?? "",
    preference: spec?.preference?.name ?? "",
    runStrategy: spec?.runStrategy ?? runStrategyOf(spec?.running),
    status: status?.printableStatus ?? "",
    labels: labels.keep("vm", metadata.labels),
    annotations: annotations.keep("vm", metadata.annotations),
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
function runStrategyOf(running: boolean | undefined): string {
  if (running === undefined) return "";
  return running ? "Always" : "Halted";
}
