import { type Layout, memoise, type Resource } from "../../metrics/index.ts";
import type { Config } from "./config.ts";
import { type DocumentedSet, familyIndex } from "./documented-set.ts";
import type { MappedLayout, MappingRules } from "./mapped-layout.ts";
import { Mapping } from "./mapping.ts";
import { TargetAttributes } from "./target-attributes.ts";
import { VmResources } from "./vm-resources.ts";
import { vmiLabelNames } from "./vmi-labels.ts";

/** Makes documented layouts of scraped ones: a function of the layout alone, computed once for each. */
export function layoutMapper(config: Config, set: DocumentedSet): (layout: Layout) => MappedLayout {
  const labelName = vmiLabelNames(config.vmi_labels);
  const rules: MappingRules = {
    config,
    families: familyIndex(set),
    direct: new Map(set.direct.map((metric) => [metric.name, metric])),
    target: memoise((resource: Resource) => {
      const attributes = new TargetAttributes(resource, config, labelName);
      return { attributes, vms: new VmResources(attributes) };
    }),
  };
  return memoise((layout: Layout) => new Mapping(rules).run(layout));
}
