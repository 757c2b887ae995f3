import type { DocumentedFamily, DocumentedSet } from "../documented-set.ts";
import { canConnect } from "./can-connect.ts";
import { familiesOf } from "./families.ts";
import { workQueues } from "./work-queues.ts";

const { gauge, count, histogram } = familiesOf("kubevirt_controller");

const lastTransition = (state: string, what: string): DocumentedFamily =>
  count(
    `kubevirt_vm_${state}_status_last_transition_timestamp_seconds`,
    `vm.${state}_status_last_transition_timestamp_seconds`,
    "s",
    `When the virtual machine last ${what}, in seconds since the Unix epoch; the source has it as a counter.`,
  );

const migrations = (phase: string): DocumentedFamily =>
  gauge(
    `kubevirt_vmi_migrations_in_${phase}_phase`,
    `vmi.migrations_in_${phase}_phase`,
    "{migration}",
    `Migrations that are ${phase} now.`,
  );

/** The documented set of virt-controller. */
export const controllerSet: DocumentedSet = {
  direct: [canConnect("kubevirt_controller", "virt-controller")],
  families: [
    gauge(
      "kubevirt_virt_controller_leading_status",
      "virt_controller.leading_status",
      "1",
      "1 if this virt-controller leads, else 0.",
    ),
    gauge(
      "kubevirt_virt_controller_ready_status",
      "virt_controller.ready_status",
      "1",
      "1 if this virt-controller could lead, else 0.",
    ),
    lastTransition("error", "went into an error state"),
    lastTransition("migrating", "began to migrate"),
    lastTransition("non_running", "was paused or stopped"),
    lastTransition("running", "began to run"),
    lastTransition("starting", "began to start"),
    migrations("pending"),
    migrations("running"),
    migrations("scheduling"),
    gauge(
      "kubevirt_vmi_non_evictable",
      "vmi.non_evictable",
      "1",
      "1 if the virtual machine is to be migrated on eviction but cannot be.",
    ),
    gauge(
      "kubevirt_vmi_number_of_outdated",
      "vmi.number_of_outdated",
      "{vmi}",
      "Virtual machines that run in an outdated virt-launcher.",
    ),
    gauge("kubevirt_vmi_phase_count", "vmi.phase_count", "{vmi}", "Virtual machines by phase and node."),
    histogram(
      "kubevirt_vmi_phase_transition_time_from_creation_seconds",
      "vmi.phase_transition_time_from_creation_seconds",
      "s",
      "Time from the creation of the virtual machine to a phase.",
    ),
    histogram(
      "kubevirt_vmi_phase_transition_time_from_deletion_seconds",
      "vmi.phase_transition_time_from_deletion_seconds",
      "s",
      "Time from the deletion of the virtual machine to a phase.",
    ),
    histogram(
      "kubevirt_vmi_phase_transition_time_seconds",
      "vmi.phase_transition_time_seconds",
      "s",
      "Time from one phase of the virtual machine to another.",
    ),
    ...workQueues("kubevirt_controller"),
  ],
};
