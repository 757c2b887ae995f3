import type { DocumentedFamily, DocumentedSet, OtherName } from "../documented-set.ts";
import { canConnect } from "./can-connect.ts";
import { familiesOf } from "./families.ts";
import { workQueues } from "./work-queues.ts";

const { gauge, count } = familiesOf("kubevirt_handler");

/** KubeVirt 1.1.0 renamed much; milliseconds became seconds, and a list of affinities their number. */
function formerly(family: DocumentedFamily, ...names: readonly (string | OtherName)[]): DocumentedFamily {
  return { ...family, otherNames: names.map((name) => (typeof name === "string" ? { family: name } : name)) };
}

/** The documented set of virt-handler. */
export const handlerSet: DocumentedSet = {
  direct: [canConnect("kubevirt_handler", "virt-handler")],
  families: [
    count(
      "kubevirt_vmi_cpu_system_usage_seconds",
      "vmi.cpu_system_usage_seconds",
      "s",
      "CPU time that the virtual machine used in system mode.",
    ),
    count(
      "kubevirt_vmi_cpu_usage_seconds",
      "vmi.cpu_usage_seconds",
      "s",
      "CPU time that the virtual machine used in all modes, its hypervisor included.",
    ),
    count(
      "kubevirt_vmi_cpu_user_usage_seconds",
      "vmi.cpu_user_usage_seconds",
      "s",
      "CPU time that the virtual machine used in user mode.",
    ),
    gauge(
      "kubevirt_vmi_memory_actual_balloon_bytes",
      "vmi.memory_actual_balloon_bytes",
      "By",
      "Present size of the memory balloon.",
    ),
    gauge(
      "kubevirt_vmi_memory_available_bytes",
      "vmi.memory_available_bytes",
      "By",
      "Memory that the guest sees as its own.",
    ),
    formerly(
      gauge(
        "kubevirt_vmi_memory_domain_bytes",
        "vmi.memory_domain_bytes",
        "By",
        "Memory given to the domain.",
      ),
      "kubevirt_vmi_memory_domain_bytes_total",
      "kubevirt_vmi_memory_domain_total_bytes",
    ),
    count(
      "kubevirt_vmi_memory_pgmajfault",
      "vmi.memory_pgmajfault",
      "{page}",
      "Page faults of the guest that had to read from disk.",
    ),
    count(
      "kubevirt_vmi_memory_pgminfault",
      "vmi.memory_pgminfault",
      "{page}",
      "Page faults of the guest that were served without disk access.",
    ),
    gauge(
      "kubevirt_vmi_memory_resident_bytes",
      "vmi.memory_resident_bytes",
      "By",
      "Resident memory of the process that runs the domain.",
    ),
    formerly(
      gauge(
        "kubevirt_vmi_memory_swap_in_traffic_bytes",
        "vmi.memory_swap_in_traffic_bytes",
        "By",
        "Bytes the guest has read from its swap so far; the source has it as a gauge.",
      ),
      "kubevirt_vmi_memory_swap_in_traffic_bytes_total",
    ),
    formerly(
      gauge(
        "kubevirt_vmi_memory_swap_out_traffic_bytes",
        "vmi.memory_swap_out_traffic_bytes",
        "By",
        "Bytes the guest has written to its swap so far; the source has it as a gauge.",
      ),
      "kubevirt_vmi_memory_swap_out_traffic_bytes_total",
    ),
    gauge(
      "kubevirt_vmi_memory_unused_bytes",
      "vmi.memory_unused_bytes",
      "By",
      "Memory that the guest does not use at all.",
    ),
    gauge(
      "kubevirt_vmi_memory_usable_bytes",
      "vmi.memory_usable_bytes",
      "By",
      "Memory that the balloon can take back before the guest has to swap.",
    ),
    count(
      "kubevirt_vmi_network_receive_bytes",
      "vmi.network_receive_bytes",
      "By",
      "Bytes the network interface received.",
    ),
    count(
      "kubevirt_vmi_network_receive_errors",
      "vmi.network_receive_errors",
      "{packet}",
      "Packets the network interface received damaged.",
    ),
    count(
      "kubevirt_vmi_network_receive_packets",
      "vmi.network_receive_packets",
      "{packet}",
      "Packets the network interface received.",
    ),
    count(
      "kubevirt_vmi_network_receive_packets_dropped",
      "vmi.network_receive_packets_dropped",
      "{packet}",
      "Packets that the network interface dropped on receiving.",
    ),
    count(
      "kubevirt_vmi_network_transmit_bytes",
      "vmi.network_transmit_bytes",
      "By",
      "Bytes the network interface sent.",
    ),
    count(
      "kubevirt_vmi_network_transmit_errors",
      "vmi.network_transmit_errors",
      "{packet}",
      "Packets the network interface failed to send.",
    ),
    count(
      "kubevirt_vmi_network_transmit_packets",
      "vmi.network_transmit_packets",
      "{packet}",
      "Packets the network interface sent.",
    ),
    count(
      "kubevirt_vmi_network_transmit_packets_dropped",
      "vmi.network_transmit_packets_dropped",
      "{packet}",
      "Packets that the network interface dropped on sending.",
    ),
    formerly(
      gauge(
        "kubevirt_vmi_node_cpu_affinity",
        "vmi.node_cpu_affinity",
        "{affinity}",
        "Number of affinities between the virtual machine's CPUs and the node's.",
      ),
      { family: "kubevirt_vmi_cpu_affinity", countedLabels: "vcpu_" },
      { family: "kubevirt_vmi_cpu_affinity_total", countedLabels: "vcpu_" },
    ),
    count(
      "kubevirt_vmi_storage_flush_requests",
      "vmi.storage_flush_requests",
      "{request}",
      "Requests to flush the drive's cache.",
    ),
    formerly(
      count(
        "kubevirt_vmi_storage_flush_times_seconds",
        "vmi.storage_flush_times_seconds",
        "s",
        "Time the drive spent on flushing its cache.",
      ),
      { family: "kubevirt_vmi_storage_flush_times_ms_total", divisor: 1000 },
      { family: "kubevirt_vmi_storage_flush_times_ms", divisor: 1000 },
    ),
    count("kubevirt_vmi_storage_iops_read", "vmi.storage_iops_read", "{read}", "Reads from the drive."),
    count("kubevirt_vmi_storage_iops_write", "vmi.storage_iops_write", "{write}", "Writes to the drive."),
    formerly(
      count(
        "kubevirt_vmi_storage_read_times_seconds",
        "vmi.storage_read_times_seconds",
        "s",
        "Time the drive spent on reads.",
      ),
      { family: "kubevirt_vmi_storage_read_times_ms_total", divisor: 1000 },
      { family: "kubevirt_vmi_storage_read_times_ms", divisor: 1000 },
    ),
    count(
      "kubevirt_vmi_storage_read_traffic_bytes",
      "vmi.storage_read_traffic_bytes",
      "By",
      "Bytes read from the drive.",
    ),
    formerly(
      count(
        "kubevirt_vmi_storage_write_times_seconds",
        "vmi.storage_write_times_seconds",
        "s",
        "Time the drive spent on writes.",
      ),
      { family: "kubevirt_vmi_storage_write_times_ms_total", divisor: 1000 },
      { family: "kubevirt_vmi_storage_write_times_ms", divisor: 1000 },
    ),
    count(
      "kubevirt_vmi_storage_write_traffic_bytes",
      "vmi.storage_write_traffic_bytes",
      "By",
      "Bytes written to the drive.",
    ),
    count(
      "kubevirt_vmi_vcpu_delay_seconds",
      "vmi.vcpu_delay_seconds",
      "s",
      "Time the vCPU was ready to run but had to queue for a CPU of the node.",
    ),
    {
      ...count(
        "kubevirt_vmi_vcpu_seconds",
        "vmi.vcpu_seconds",
        "s",
        "Run time of the vCPU with the attribute id; the attribute state is the one it is in now.",
      ),
      wandering: "state",
    },
    count("kubevirt_vmi_vcpu_wait_seconds", "vmi.vcpu_wait_seconds", "s", "Time the vCPU waited for I/O."),
    ...workQueues("kubevirt_handler"),
  ],
};
