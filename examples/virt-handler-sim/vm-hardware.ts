/** A file system as the guest agent lists it. */
export interface Filesystem {
  /** Empty when the agent names no disk (Windows): the series then lacks the label. */
  readonly diskName: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly capacityBytes: number;
  usedBytes: number;
}

export interface VmSettings {
  readonly name: string;
  readonly namespace: string;
  /** Kubernetes labels; `kubevirt.io/nodeName` is added. */
  readonly labels: Readonly<Record<string, string>>;
  readonly vcpus: number;
  readonly memoryBytes: number;
  readonly guest: "linux" | "windows";
  /** No guest agent, one that lists file systems, or one that knows load averages too. */
  readonly agent: "none" | "basic" | "current";
  readonly drives: readonly string[];
  readonly interfaces: readonly string[];
  /** UUID of a passed-through GPU. */
  readonly gpu: string | undefined;
}

const GIB = 1024 ** 3;
const NAMESPACES = ["default", "tenant-a", "tenant-b"] as const;

/** What the nth VM of a node looks like: every kind of label set and guest comes up among any five in a row. */
export function vmSettings(index: number, chosen: Partial<VmSettings> = {}): VmSettings {
  const windows = index % 5 === 1;
  return {
    name: `vm-${index}`,
    namespace: NAMESPACES[index % NAMESPACES.length] ?? "default",
    labels: labelsOf(index),
    vcpus: [2, 4, 1, 2][index % 4] ?? 2,
    memoryBytes: ([2, 8, 1, 4][index % 4] ?? 2) * GIB,
    guest: windows ? "windows" : "linux",
    agent: (["current", "basic", "current", "none", "basic"] as const)[index % 5] ?? "none",
    drives: index % 3 === 0 ? ["rootdisk", "vdb"] : ["rootdisk"],
    // A second network, and one whose name virt-handler could not find out (the tap device is shown).
    interfaces: index % 4 === 2 ? ["default", "tap1"] : ["default"],
    gpu: index % 50 === 0 ? `GPU-${String(index).padStart(8, "0")}-5f1c-4c1e-9a55-0242ac120002` : undefined,
    ...chosen,
  };
}

function labelsOf(index: number): Record<string, string> {
  const labels: Record<string, string> = {
    "app.kubernetes.io/name": ["web", "db", "cache"][index % 3] ?? "web",
    "kubevirt.io/domain": `vm-${index}`,
  };
  if (index % 2 === 1) labels["topology-zone"] = `eu-1${"abc".charAt(index % 3)}`;
  if (index % 5 === 4) labels["teamOwner"] = "platform";
  return labels;
}

/** Mount points are free text from inside the guest: spaces, backslashes, quotes, line feeds and UTF-8 all occur. */
export function guestFilesystems(guest: "linux" | "windows", memoryBytes: number): readonly Filesystem[] {
  const capacity = memoryBytes * 10;
  const filesystem = (diskName: string, mountPoint: string, type: string, share: number): Filesystem => ({
    diskName,
    mountPoint,
    type,
    capacityBytes: Math.floor(capacity * share),
    usedBytes: Math.floor((capacity * share) / 3),
  });
  if (guest === "windows") {
    return [
      filesystem("", "System Reserved", "NTFS", 0.01),
      filesystem("", "C:\\", "NTFS", 0.7),
      filesystem("", 'C:\\Mounts\\"Ablage Köln"', "NTFS", 0.2),
    ];
  }
  return [
    filesystem("vda1", "/", "ext4", 0.6),
    filesystem("vda15", "/boot/efi", "vfat", 0.01),
    filesystem("vdb", "/mnt/my data {1}, \u7d0d\u54c1", "xfs", 0.2),
    filesystem("vdc", "/mnt/two\nlines", "xfs", 0.1),
  ];
}
