/**
 * The documented metrics as data: which family of the source becomes which metric. Everything that depends on the set
 * reads it from here.
 */
export interface DocumentedSet {
  readonly families: readonly DocumentedFamily[];
  /** Metrics that come from the receiver under their documented name. */
  readonly direct: readonly DocumentedMetric[];
}

export interface DocumentedFamily {
  /** Name at the source. A count's source may end in `_total` or not. */
  readonly family: string;
  /** Documented name; a histogram's is without `.bucket`, `.count`, `.sum`. */
  readonly name: string;
  readonly kind: "gauge" | "count" | "histogram";
  /** UCUM; of a histogram, that of what is observed. */
  readonly unit: string;
  readonly description: string;
  /** Of a histogram: what `.bucket` and `.count` count. */
  readonly countUnit?: string;
  /** The attribute that says where the running total stands just now, and is no part of what is counted. */
  readonly wandering?: string;
}

export interface DocumentedMetric {
  readonly name: string;
  readonly kind: "gauge" | "count";
  readonly unit: string;
  readonly description: string;
}

/** The metrics of one family, in the order of the documentation. */
export function metricsOfFamily(family: DocumentedFamily): readonly DocumentedMetric[] {
  const { name, unit, description } = family;
  if (family.kind !== "histogram") return [{ name, kind: family.kind, unit, description }];
  const countUnit = family.countUnit ?? "1";
  return [
    {
      name: `${name}.bucket`,
      kind: "count",
      unit: countUnit,
      description: `${description} Observations up to the attribute upper_bound.`,
    },
    {
      name: `${name}.count`,
      kind: "count",
      unit: countUnit,
      description: `${description} All observations.`,
    },
    { name: `${name}.sum`, kind: "count", unit, description: `${description} Sum of all observations.` },
  ];
}

/** The family of a name at the source, by the rules above. */
export function familyIndex(set: DocumentedSet): ReadonlyMap<string, DocumentedFamily> {
  const index = new Map<string, DocumentedFamily>();
  for (const family of set.families) {
    index.set(family.family, family);
    if (family.kind === "count") index.set(`${family.family}_total`, family);
  }
  return index;
}

const gauge = (family: string, name: string, unit: string, description: string): DocumentedFamily => ({
  family,
  name: `kubevirt_handler.${name}`,
  kind: "gauge",
  unit,
  description,
});

const count = (family: string, name: string, unit: string, description: string): DocumentedFamily => ({
  family,
  name: `kubevirt_handler.${name}.count`,
  kind: "count",
  unit,
  description,
});

const histogram = (family: string, name: string, unit: string, description: string): DocumentedFamily => ({
  family,
  name: `kubevirt_handler.${name}`,
  kind: "histogram",
  unit,
  countUnit: "{item}",
  description,
});

export const canConnect: DocumentedMetric = {
  name: "kubevirt_handler.can_connect",
  kind: "gauge",
  unit: "1",
  description: "1 if the health endpoint of the virt-handler answered that all is well, else 0.",
};

/** The documented set of virt-handler. */
export const handlerSet: DocumentedSet = {
  direct: [canConnect],
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
    gauge("kubevirt_vmi_memory_domain_bytes", "vmi.memory_domain_bytes", "By", "Memory given to the domain."),
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
    gauge(
      "kubevirt_vmi_memory_swap_in_traffic_bytes",
      "vmi.memory_swap_in_traffic_bytes",
      "By",
      "Bytes the guest has read from its swap so far; the source has it as a gauge.",
    ),
    gauge(
      "kubevirt_vmi_memory_swap_out_traffic_bytes",
      "vmi.memory_swap_out_traffic_bytes",
      "By",
      "Bytes the guest has written to its swap so far; the source has it as a gauge.",
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
    gauge(
      "kubevirt_vmi_node_cpu_affinity",
      "vmi.node_cpu_affinity",
      "{affinity}",
      "Number of affinities between the virtual machine's CPUs and the node's.",
    ),
    count(
      "kubevirt_vmi_storage_flush_requests",
      "vmi.storage_flush_requests",
      "{request}",
      "Requests to flush the drive's cache.",
    ),
    count(
      "kubevirt_vmi_storage_flush_times_seconds",
      "vmi.storage_flush_times_seconds",
      "s",
      "Time the drive spent on flushing its cache.",
    ),
    count("kubevirt_vmi_storage_iops_read", "vmi.storage_iops_read", "{read}", "Reads from the drive."),
    count("kubevirt_vmi_storage_iops_write", "vmi.storage_iops_write", "{write}", "Writes to the drive."),
    count(
      "kubevirt_vmi_storage_read_times_seconds",
      "vmi.storage_read_times_seconds",
      "s",
      "Time the drive spent on reads.",
    ),
    count(
      "kubevirt_vmi_storage_read_traffic_bytes",
      "vmi.storage_read_traffic_bytes",
      "By",
      "Bytes read from the drive.",
    ),
    count(
      "kubevirt_vmi_storage_write_times_seconds",
      "vmi.storage_write_times_seconds",
      "s",
      "Time the drive spent on writes.",
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
    count("kubevirt_workqueue_adds", "workqueue.adds", "{item}", "Items put into the work queue."),
    gauge("kubevirt_workqueue_depth", "workqueue.depth", "{item}", "Items that are in the work queue now."),
    gauge(
      "kubevirt_workqueue_longest_running_processor_seconds",
      "workqueue.longest_running_processor_seconds",
      "s",
      "For how long the oldest item under work has been worked on.",
    ),
    histogram(
      "kubevirt_workqueue_queue_duration_seconds",
      "workqueue.queue_duration_seconds",
      "s",
      "Time that an item waits in the work queue.",
    ),
    count(
      "kubevirt_workqueue_retries",
      "workqueue.retries",
      "{retry}",
      "Items the work queue took up again.",
    ),
    gauge(
      "kubevirt_workqueue_unfinished_work_seconds",
      "workqueue.unfinished_work_seconds",
      "s",
      "Time spent so far on items that are still under work; a steady rise is a sign of stuck workers.",
    ),
    histogram(
      "kubevirt_workqueue_work_duration_seconds",
      "workqueue.work_duration_seconds",
      "s",
      "Time that an item of the work queue takes to be worked off.",
    ),
  ],
};
