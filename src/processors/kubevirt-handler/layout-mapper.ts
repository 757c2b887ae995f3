import {
  type Column,
  type Layout,
  type MetricLayout,
  memoise,
  PRESENT,
  pointSlot,
  type Resource,
} from "../../metrics/index.ts";
import type { Config } from "./config.ts";
import { type DocumentedSet, familyIndex } from "./documented-set.ts";
import { extraMetrics } from "./extra-metrics.ts";
import { parseRelease } from "./known-errors.ts";
import { labelNames } from "./label-names.ts";
import { LabelSharing } from "./label-sharing.ts";
import type { MappedLayout, MappingRules, Target } from "./mapped-layout.ts";
import { Mapping } from "./mapping.ts";
import { isReport } from "./scraped.ts";
import { type FilteredLayout, seriesFilter } from "./series-filter.ts";
import { TargetAttributes } from "./target-attributes.ts";
import { VmResources } from "./vm-resources.ts";

/** A resource with the series that say its release. */
interface InfoPlace {
  readonly target: Target;
  readonly series: readonly { readonly slot: number; readonly version: string }[];
}

/**
 * Makes documented layouts of scraped ones. What comes of a layout depends on it alone, but for the release of KubeVirt
 * and the labels that some series share with others: it is computed once for each layout and each change of these.
 */
export class LayoutMapper {
  readonly #rules: MappingRules;
  readonly #sharing: LabelSharing;
  readonly #filter: (layout: Layout) => FilteredLayout;
  readonly #infos = memoise((layout: Layout) => this.#infosOf(layout));
  readonly #results = memoise((_: Layout) => new Map<string, MappedLayout>());

  constructor(config: Config, set: DocumentedSet) {
    const names = labelNames(config);
    this.#sharing = new LabelSharing(config.share_labels);
    this.#filter = seriesFilter(config);
    this.#rules = {
      config,
      families: familyIndex(set),
      direct: new Map(set.direct.flatMap((metric) => metric.sources.map((source) => [source, metric]))),
      extra: extraMetrics(config.extra_metrics),
      target: memoise((resource: Resource) => {
        const attributes = new TargetAttributes(resource, config, names, this.#sharing.originOf);
        return { attributes, vms: new VmResources(attributes), version: undefined };
      }),
    };
  }

  map(layout: Layout, column: Column): MappedLayout {
    const versions = this.#versions(layout, column);
    const shared = this.#sharing.apply(layout, column);
    const key = `${versions}\n${shared.key}`;
    const results = this.#results(layout);
    let result = results.get(key);
    if (result === undefined) {
      if (results.size >= MAX_VARIANTS) results.clear();
      const scraped = layout.resources.map(({ resource, scopes }) => ({
        resource,
        release: parseRelease(this.#rules.target(resource).version ?? ""),
        metrics: scopes.flatMap(({ metrics }) => metrics).filter((metric) => !isReport(metric)),
      }));
      result = { ...new Mapping(this.#rules).run(this.#filter(shared.layout)), scraped };
      results.set(key, result);
    }
    return result;
  }

  /** Notes the release of each target as the batch has it. */
  #versions(layout: Layout, { presence }: Column): string {
    let key = "";
    for (const { target, series } of this.#infos(layout)) {
      const said = series.findLast(({ slot }) => presence.at(slot) === PRESENT);
      if (said !== undefined) target.version = said.version;
      key += `${target.version};`;
    }
    return key;
  }

  #infosOf(layout: Layout): readonly InfoPlace[] {
    return layout.resources.map(({ resource, scopes }) => ({
      target: this.#rules.target(resource),
      series: scopes
        .flatMap(({ metrics }) => metrics)
        .filter(({ descriptor }) => descriptor.name === "kubevirt_info")
        .flatMap(versionsOf),
    }));
  }
}

/** How many results of one layout are kept. */
const MAX_VARIANTS = 8;

function versionsOf(metric: MetricLayout): InfoPlace["series"] {
  return metric.attributes.flatMap(({ kubeversion }, i) =>
    typeof kubeversion === "string" ? [{ slot: pointSlot(metric, i), version: kubeversion }] : [],
  );
}
