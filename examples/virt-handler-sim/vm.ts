import { Random, seedFor } from "./random.ts";
import type { Labels } from "./text-format.ts";
import { sortLabels } from "./text-format.ts";
import type { Filesystem, VmSettings } from "./vm-hardware.ts";
import { guestFilesystems } from "./vm-hardware.ts";

export type VcpuState = "running" | "blocked" | "offline" | "unknown";

export interface Vcpu {
  readonly id: number;
  state: VcpuState;
  timeNs: number;
  waitNs: number;
  delayNs: number;
}

export interface Disk {
  readonly drive: string;
  readRequests: number;
  readBytes: number;
  readNs: number;
  writeRequests: number;
  writeBytes: number;
  writeNs: number;
  flushRequests: number;
  flushNs: number;
}

export interface NetworkInterface {
  readonly name: string;
  receivedBytes: number;
  receivedPackets: number;
  receiveErrors: number;
  receiveDrops: number;
  sentBytes: number;
  sentPackets: number;
  sendErrors: number;
  sendDrops: number;
}

const NS = 1e9;
const PAGE = 4096;

/** One virtual machine: what QEMU, libvirt and the guest agent would report about it. */
export class Vm {
  readonly name: string;
  readonly namespace: string;
  readonly node: string;
  /** node, namespace, name and one `kubernetes_vmi_label_…` per Kubernetes label. */
  readonly labels: Labels;
  readonly memoryBytes: number;
  readonly hasAgent: boolean;
  /** Load averages need a newer guest agent than file systems do, and Windows has none. */
  readonly hasGuestLoad: boolean;
  readonly gpu: string | undefined;
  readonly vcpus: readonly Vcpu[];
  readonly disks: readonly Disk[];
  readonly interfaces: readonly NetworkInterface[];
  readonly filesystems: readonly Filesystem[];

  /** False while the launcher does not answer: the VM's series are then absent from the scrape. */
  reachable = true;
  migrating = false;
  cpuNs = 0;
  cpuUserNs = 0;
  cpuSystemNs = 0;
  residentBytes: number;
  unusedBytes: number;
  cachedBytes: number;
  dirtyBytesPerSecond = 0;
  majorFaults = 0;
  minorFaults = 0;
  swapInBytes = 0;
  swapOutBytes = 0;
  load: readonly [one: number, five: number, fifteen: number] = [0, 0, 0];
  syncs = 1;
  readonly #random: Random;
  readonly #busy: number;

  constructor(settings: VmSettings, node: string, seed: number) {
    const { name, namespace } = settings;
    this.#random = new Random(seedFor(seed, `${namespace}/${name}`));
    this.#busy = this.#random.between(0.1, 0.8);
    this.name = name;
    this.namespace = namespace;
    this.node = node;
    this.labels = vmLabels(settings, node);
    this.memoryBytes = settings.memoryBytes;
    this.hasAgent = settings.agent !== "none";
    this.hasGuestLoad = settings.agent === "current" && settings.guest === "linux";
    this.gpu = settings.gpu;
    this.residentBytes = wholePages(this.memoryBytes * 0.6);
    this.unusedBytes = wholePages(this.memoryBytes * 0.4);
    this.cachedBytes = wholePages(this.memoryBytes * 0.1);
    this.vcpus = Array.from({ length: settings.vcpus }, (_, id) => ({
      id,
      state: id === 0 ? "running" : "blocked",
      timeNs: 0,
      waitNs: 0,
      delayNs: 0,
    }));
    this.disks = settings.drives.map((drive) => ({ drive, ...IDLE_DISK }));
    this.interfaces = settings.interfaces.map((name) => ({ name, ...IDLE_INTERFACE }));
    this.filesystems = this.hasAgent ? guestFilesystems(settings.guest, this.memoryBytes) : [];
  }

  /** Lets the VM run for that long; counters only rise, gauges wander within their bounds. */
  advance(seconds: number): void {
    this.#advanceCpu(seconds);
    this.#advanceMemory(seconds);
    for (const disk of this.disks) this.#advanceDisk(disk, seconds);
    for (const [index, nic] of this.interfaces.entries()) this.#advanceInterface(nic, seconds, index);
    this.syncs += this.#random.around(seconds / 60);
  }

  /** A new QEMU process: every counter of the hypervisor and of the guest starts again. */
  restart(): void {
    this.cpuNs = this.cpuUserNs = this.cpuSystemNs = 0;
    this.majorFaults = this.minorFaults = this.swapInBytes = this.swapOutBytes = 0;
    this.load = [0, 0, 0];
    for (const vcpu of this.vcpus) vcpu.timeNs = vcpu.waitNs = vcpu.delayNs = 0;
    for (const disk of this.disks) Object.assign(disk, IDLE_DISK);
    for (const nic of this.interfaces) Object.assign(nic, IDLE_INTERFACE);
  }

  #advanceCpu(seconds: number): void {
    const random = this.#random;
    const intended = Math.min(1, this.#busy * random.between(0.5, 1.4));
    let used = 0;
    for (const vcpu of this.vcpus) {
      // "blocked" is a glimpse of a vCPU that idles just then: its time goes on, more slowly.
      const share = vcpu.state === "running" ? intended : vcpu.state === "blocked" ? intended * 0.2 : 0;
      const ns = Math.round(share * seconds * NS);
      vcpu.timeNs += ns;
      used += ns;
      if (vcpu.state === "blocked") vcpu.waitNs += Math.round(random.between(0, 0.02) * seconds * NS);
      if (vcpu.state === "running") vcpu.delayNs += Math.round(random.between(0, 0.005) * seconds * NS);
    }
    const system = Math.round(used * 0.05 + random.between(0, 0.01) * seconds * NS);
    const user = Math.round(used * 0.03 + random.between(0, 0.01) * seconds * NS);
    // libvirt counts the guest's own time in the sum only.
    this.cpuNs += used + system + user;
    this.cpuSystemNs += system;
    this.cpuUserNs += user;
    const runnable = used / (seconds * NS);
    const towards = (index: 0 | 1 | 2, window: number): number => {
      const decay = Math.exp(-seconds / window);
      return Math.round((this.load[index] * decay + runnable * (1 - decay)) * 100) / 100;
    };
    this.load = [towards(0, 60), towards(1, 300), towards(2, 900)];
  }

  #advanceMemory(seconds: number): void {
    const random = this.#random;
    const wander = (value: number, low: number, high: number): number => {
      const step = this.memoryBytes * 0.01 * random.between(-1, 1);
      return wholePages(Math.min(this.memoryBytes * high, Math.max(this.memoryBytes * low, value + step)));
    };
    this.residentBytes = wander(this.residentBytes, 0.4, 0.95);
    this.unusedBytes = wander(this.unusedBytes, 0.05, 0.5);
    this.cachedBytes = wander(this.cachedBytes, 0.02, 0.3);
    this.dirtyBytesPerSecond = random.integer(0, 40) * 1_048_576;
    this.minorFaults += random.around(800 * this.#busy * seconds);
    this.majorFaults += random.around(0.2 * this.#busy * seconds);
    this.swapInBytes += random.around(0.05 * seconds) * PAGE;
    this.swapOutBytes += random.around(0.05 * seconds) * PAGE;
    for (const filesystem of this.filesystems) {
      const used = filesystem.usedBytes + random.integer(-8, 10) * PAGE;
      filesystem.usedBytes = Math.min(filesystem.capacityBytes, Math.max(0, used));
    }
  }

  #advanceDisk(disk: Disk, seconds: number): void {
    const random = this.#random;
    const reads = random.around(20 * this.#busy * seconds);
    const writes = random.around(35 * this.#busy * seconds);
    const flushes = random.around(2 * this.#busy * seconds);
    disk.readRequests += reads;
    disk.readBytes += reads * random.integer(1, 32) * PAGE;
    disk.readNs += reads * random.integer(40_000, 400_000);
    disk.writeRequests += writes;
    disk.writeBytes += writes * random.integer(1, 16) * PAGE;
    disk.writeNs += writes * random.integer(60_000, 900_000);
    disk.flushRequests += flushes;
    disk.flushNs += flushes * random.integer(300_000, 3_000_000);
  }

  #advanceInterface(nic: NetworkInterface, seconds: number, index: number): void {
    const random = this.#random;
    const received = random.around((120 * this.#busy * seconds) / (index + 1));
    const sent = random.around((90 * this.#busy * seconds) / (index + 1));
    nic.receivedPackets += received;
    nic.receivedBytes += received * random.integer(80, 1500);
    nic.receiveErrors += random.around(seconds / 3600);
    nic.receiveDrops += random.around(seconds / 600);
    nic.sentPackets += sent;
    nic.sentBytes += sent * random.integer(80, 1500);
    nic.sendErrors += random.around(seconds / 7200);
    nic.sendDrops += random.around(seconds / 1200);
  }
}

const IDLE_DISK: Omit<Disk, "drive"> = {
  readRequests: 0,
  readBytes: 0,
  readNs: 0,
  writeRequests: 0,
  writeBytes: 0,
  writeNs: 0,
  flushRequests: 0,
  flushNs: 0,
};

const IDLE_INTERFACE: Omit<NetworkInterface, "name"> = {
  receivedBytes: 0,
  receivedPackets: 0,
  receiveErrors: 0,
  receiveDrops: 0,
  sentBytes: 0,
  sentPackets: 0,
  sendErrors: 0,
  sendDrops: 0,
};

function wholePages(bytes: number): number {
  return Math.round(bytes / PAGE) * PAGE;
}

/** Keys keep their case; `.`, `/` and `-` become `_`. Where two keys then collide the later one is shown. */
function vmLabels(settings: VmSettings, node: string): Labels {
  const own = new Map<string, string>();
  for (const [key, value] of Object.entries({ ...settings.labels, "kubevirt.io/nodeName": node })) {
    own.set(`kubernetes_vmi_label_${key.replaceAll(/[./-]/g, "_")}`, value);
  }
  return sortLabels([...own, ["node", node], ["namespace", settings.namespace], ["name", settings.name]]);
}
