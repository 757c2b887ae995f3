import type { FamilyHeader, Labels, MetricType } from "./text-format.ts";
import type { Disk, NetworkInterface, Vcpu, Vm } from "./vm.ts";
import type { Filesystem } from "./vm-hardware.ts";

/** One series of a VM: the labels it has beside the VM's own, and where its value is found. */
export interface VmSeries {
  readonly labels: Labels;
  readonly read: () => number;
}

/** A family with series for every VM. */
export interface VmFamily extends FamilyHeader {
  series(vm: Vm): readonly VmSeries[];
}

const NS = 1e9;

function perVm(
  name: string,
  type: MetricType,
  help: string,
  read: (vm: Vm) => number,
  shown: (vm: Vm) => boolean = () => true,
): VmFamily {
  return { name, type, help, series: (vm) => (shown(vm) ? [{ labels: [], read: () => read(vm) }] : []) };
}

/** A family with a series for every part of a VM: each vCPU, disk, interface or file system. */
function perPart<T>(parts: (vm: Vm) => readonly T[], labels: (part: T) => Labels) {
  return (name: string, type: MetricType, help: string, read: (part: T) => number): VmFamily => ({
    name,
    type,
    help,
    series: (vm) => parts(vm).map((part) => ({ labels: labels(part), read: () => read(part) })),
  });
}

const perVcpu = perPart(
  (vm) => vm.vcpus,
  (vcpu: Vcpu) => [["id", String(vcpu.id)]],
);
const perVcpuState = perPart(
  (vm) => vm.vcpus,
  (vcpu: Vcpu) => [
    ["id", String(vcpu.id)],
    ["state", vcpu.state],
  ],
);
const perDisk = perPart(
  (vm) => vm.disks,
  (disk: Disk) => [["drive", disk.drive]],
);
const perInterface = perPart(
  (vm) => vm.interfaces,
  (nic: NetworkInterface) => [["interface", nic.name]],
);
const perFilesystem = perPart(
  (vm) => vm.filesystems,
  (filesystem: Filesystem) => [
    ["disk_name", filesystem.diskName],
    ["mount_point", filesystem.mountPoint],
    ["file_system_type", filesystem.type],
  ],
);
const perDirection = perPart(
  (vm) =>
    vm.interfaces.flatMap((nic) => [
      { name: nic.name, type: "rx", bytes: () => nic.receivedBytes },
      { name: nic.name, type: "tx", bytes: () => nic.sentBytes },
    ]),
  ({ name, type }) => [
    ["interface", name],
    ["type", type],
  ],
);
const hasGuestLoad = (vm: Vm): boolean => vm.hasGuestLoad;

/** The one family whose labels depend on the vCPUs' states. */
export const VCPU_SECONDS: VmFamily = perVcpuState(
  "kubevirt_vmi_vcpu_seconds_total",
  "counter",
  "Seconds each vCPU has run; `id` is the vCPU, `state` what it does now (running, blocked, offline, unknown).",
  (vcpu) => vcpu.timeNs / NS,
);

/** The other families of a VM's domain statistics. */
export const VM_FAMILIES: readonly VmFamily[] = [
  perVm(
    "kubevirt_vmi_cpu_system_usage_seconds_total",
    "counter",
    "CPU seconds spent in system mode.",
    (vm) => vm.cpuSystemNs / NS,
  ),
  perVm(
    "kubevirt_vmi_cpu_usage_seconds_total",
    "counter",
    "CPU seconds in all modes, vCPUs and hypervisor together.",
    (vm) => vm.cpuNs / NS,
  ),
  perVm(
    "kubevirt_vmi_cpu_user_usage_seconds_total",
    "counter",
    "CPU seconds spent in user mode.",
    (vm) => vm.cpuUserNs / NS,
  ),
  perVm(
    "kubevirt_vmi_dirty_rate_bytes_per_second",
    "gauge",
    "Bytes of guest memory written to per second.",
    (vm) => vm.dirtyBytesPerSecond,
    (vm) => !vm.migrating,
  ),
  perFilesystem(
    "kubevirt_vmi_filesystem_capacity_bytes",
    "gauge",
    "Size of a file system in the guest, in bytes.",
    (filesystem) => filesystem.capacityBytes,
  ),
  perFilesystem(
    "kubevirt_vmi_filesystem_used_bytes",
    "gauge",
    "Bytes used of a file system in the guest.",
    (filesystem) => filesystem.usedBytes,
  ),
  perVm(
    "kubevirt_vmi_guest_load_15m",
    "gauge",
    "Load average of the guest over 15 minutes, from the guest agent.",
    (vm) => vm.load[2],
    hasGuestLoad,
  ),
  perVm(
    "kubevirt_vmi_guest_load_1m",
    "gauge",
    "Load average of the guest over 1 minute, from the guest agent.",
    (vm) => vm.load[0],
    hasGuestLoad,
  ),
  perVm(
    "kubevirt_vmi_guest_load_5m",
    "gauge",
    "Load average of the guest over 5 minutes, from the guest agent.",
    (vm) => vm.load[1],
    hasGuestLoad,
  ),
  perVm(
    "kubevirt_vmi_memory_actual_balloon_bytes",
    "gauge",
    "Size of the memory balloon in bytes.",
    (vm) => vm.memoryBytes,
  ),
  perVm(
    "kubevirt_vmi_memory_available_bytes",
    "gauge",
    "Memory the guest can use, in bytes; less exact with a balloon, or while the guest has not touched every page.",
    (vm) => Math.round(vm.memoryBytes * 0.95),
  ),
  perVm(
    "kubevirt_vmi_memory_cached_bytes",
    "gauge",
    "Memory that caches I/O and can be reclaimed: `Buffers`, `Cached` and `SwapCached` of `/proc/meminfo`.",
    (vm) => vm.cachedBytes,
  ),
  perVm(
    "kubevirt_vmi_memory_domain_bytes",
    "gauge",
    "Memory given to the domain, in bytes.",
    (vm) => vm.memoryBytes,
  ),
  perVm(
    "kubevirt_vmi_memory_pgmajfault_total",
    "counter",
    "Page faults that needed a read from disk.",
    (vm) => vm.majorFaults,
  ),
  perVm(
    "kubevirt_vmi_memory_pgminfault_total",
    "counter",
    "Page faults that needed no read from disk.",
    (vm) => vm.minorFaults,
  ),
  perVm(
    "kubevirt_vmi_memory_resident_bytes",
    "gauge",
    "Resident memory of the process that runs the domain.",
    (vm) => vm.residentBytes,
  ),
  perVm(
    "kubevirt_vmi_memory_swap_in_traffic_bytes",
    "gauge",
    "Bytes the guest has read back from swap.",
    (vm) => vm.swapInBytes,
  ),
  perVm(
    "kubevirt_vmi_memory_swap_out_traffic_bytes",
    "gauge",
    "Bytes the guest has written to swap.",
    (vm) => vm.swapOutBytes,
  ),
  perVm(
    "kubevirt_vmi_memory_unused_bytes",
    "gauge",
    "Memory the guest uses for nothing at all, not even caches.",
    (vm) => vm.unusedBytes,
  ),
  perVm(
    "kubevirt_vmi_memory_usable_bytes",
    "gauge",
    "Memory the balloon could take without making the guest swap ('Available' in /proc/meminfo).",
    (vm) => vm.unusedBytes + vm.cachedBytes,
  ),
  perInterface(
    "kubevirt_vmi_network_receive_bytes_total",
    "counter",
    "Bytes received.",
    (nic) => nic.receivedBytes,
  ),
  perInterface(
    "kubevirt_vmi_network_receive_errors_total",
    "counter",
    "Faulty packets received.",
    (nic) => nic.receiveErrors,
  ),
  perInterface(
    "kubevirt_vmi_network_receive_packets_dropped_total",
    "counter",
    "Packets dropped on their way into the guest.",
    (nic) => nic.receiveDrops,
  ),
  perInterface(
    "kubevirt_vmi_network_receive_packets_total",
    "counter",
    "Packets received.",
    (nic) => nic.receivedPackets,
  ),
  perDirection(
    "kubevirt_vmi_network_traffic_bytes_total",
    "counter",
    "[Deprecated] Bytes sent and received, by direction.",
    ({ bytes }) => bytes(),
  ),
  perInterface("kubevirt_vmi_network_transmit_bytes_total", "counter", "Bytes sent.", (nic) => nic.sentBytes),
  perInterface(
    "kubevirt_vmi_network_transmit_errors_total",
    "counter",
    "Packets that could not be sent.",
    (nic) => nic.sendErrors,
  ),
  perInterface(
    "kubevirt_vmi_network_transmit_packets_dropped_total",
    "counter",
    "Packets dropped on their way out of the guest.",
    (nic) => nic.sendDrops,
  ),
  perInterface(
    "kubevirt_vmi_network_transmit_packets_total",
    "counter",
    "Packets sent.",
    (nic) => nic.sentPackets,
  ),
  perVm(
    "kubevirt_vmi_node_cpu_affinity",
    "gauge",
    "Pairs of a vCPU and a CPU of the node it may run on.",
    (vm) => vm.vcpus.length * 8,
  ),
  perDisk(
    "kubevirt_vmi_storage_flush_requests_total",
    "counter",
    "Cache flushes asked for.",
    (disk) => disk.flushRequests,
  ),
  perDisk(
    "kubevirt_vmi_storage_flush_times_seconds_total",
    "counter",
    "Seconds spent flushing caches.",
    (disk) => disk.flushNs / NS,
  ),
  perDisk("kubevirt_vmi_storage_iops_read_total", "counter", "Reads.", (disk) => disk.readRequests),
  perDisk("kubevirt_vmi_storage_iops_write_total", "counter", "Writes.", (disk) => disk.writeRequests),
  perDisk(
    "kubevirt_vmi_storage_read_times_seconds_total",
    "counter",
    "Seconds spent reading.",
    (disk) => disk.readNs / NS,
  ),
  perDisk(
    "kubevirt_vmi_storage_read_traffic_bytes_total",
    "counter",
    "Bytes read.",
    (disk) => disk.readBytes,
  ),
  perDisk(
    "kubevirt_vmi_storage_write_times_seconds_total",
    "counter",
    "Seconds spent writing.",
    (disk) => disk.writeNs / NS,
  ),
  perDisk(
    "kubevirt_vmi_storage_write_traffic_bytes_total",
    "counter",
    "Bytes written.",
    (disk) => disk.writeBytes,
  ),
  perVcpu(
    "kubevirt_vmi_vcpu_delay_seconds_total",
    "counter",
    "Seconds each vCPU stood in the run queue instead of running.",
    (vcpu) => vcpu.delayNs / NS,
  ),
  perVcpu(
    "kubevirt_vmi_vcpu_wait_seconds_total",
    "counter",
    "Seconds each vCPU waited for I/O.",
    (vcpu) => vcpu.waitNs / NS,
  ),
];
