import type { Attributes } from "../../metrics/index.ts";
import type { Config } from "./config.ts";
import { VMI_LABEL_PREFIX, vmiLabelNames } from "./vmi-labels.ts";

/** What to call each label of a series; labels that it does not name are to be left out. */
export type LabelNames = (source: Attributes) => ReadonlyMap<string, string>;

/**
 * First labels are left out (`exclude_labels`, `include_labels`, `vmi_labels`), then renamed. No two labels of a series
 * get the same name: one that the series has under its own name stays, the renamed one keeps its own.
 */
export function labelNames(config: Config): LabelNames {
  const excluded = new Set(config.exclude_labels);
  const included = new Set(config.include_labels);
  const renamed = new Map(Object.entries(config.rename_labels));
  const vmiLabelName = vmiLabelNames(config.vmi_labels);
  const isKept = (label: string) => !excluded.has(label) && (included.size === 0 || included.has(label));
  return (source) => {
    const kept = Object.keys(source).filter(isKept);
    const has = (name: string) => kept.includes(name);
    const names = new Map<string, string>();
    const used = new Set<string>();
    for (const label of kept) {
      const wanted = wantedName(label, has);
      if (wanted === undefined) continue;
      const isFree = wanted === label || !(has(wanted) || used.has(wanted));
      names.set(label, isFree ? wanted : label);
      used.add(isFree ? wanted : label);
    }
    return names;
  };

  function wantedName(label: string, has: (name: string) => boolean): string | undefined {
    const own = renamed.get(label);
    if (label.startsWith(VMI_LABEL_PREFIX)) {
      const name = vmiLabelName(label, has);
      return name === undefined ? undefined : (own ?? name);
    }
    if (own !== undefined) return own;
    return label === "namespace" && config.integration_attributes ? "vm_namespace" : label;
  }
}

/** Whether series may become alike. */
export function leavesLabelsOut(config: Config): boolean {
  const { include, exclude } = config.vmi_labels;
  const { exclude_labels, include_labels } = config;
  return !include.includes("*") || exclude.length + exclude_labels.length + include_labels.length > 0;
}
