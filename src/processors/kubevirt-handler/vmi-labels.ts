import type { Config } from "./config.ts";
import { globs } from "./glob.ts";

/** virt-handler gives a series each label of its virtual machine as a label with this prefix. */
export const VMI_LABEL_PREFIX = "kubernetes_vmi_label_";

/**
 * Names that a stripped label may not take, whether or not its series has such an attribute: the same label of a
 * machine has to have the same name on all of its series.
 */
const RESERVED = new Set(
  (
    "name namespace vm_namespace node id state drive interface type disk_name mount_point file_system_type " +
    "bugcheck_code pod resource uuid le quantile upper_bound endpoint pod_name kube_namespace kube_cluster_name"
  ).split(" "),
);

/** What to call a VMI label, given all names of its series; undefined when it is to be left out. */
export type VmiLabelName = (label: string, taken: (name: string) => boolean) => string | undefined;

export function vmiLabelNames(config: Config["vmi_labels"]): VmiLabelName {
  const included = globs(config.include);
  const excluded = globs(config.exclude);
  return (label, taken) => {
    const key = label.slice(VMI_LABEL_PREFIX.length);
    if (!included(key) || excluded(key)) return undefined;
    if (!config.strip_prefix || key === "" || RESERVED.has(key) || taken(key)) return label;
    return key;
  };
}
