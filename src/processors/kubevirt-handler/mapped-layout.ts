import type { HistogramSlots, Layout, MetricLayout, Resource } from "../../metrics/index.ts";
import type { LayoutStreams } from "../../temporality/index.ts";
import type { Config } from "./config.ts";
import type { DocumentedFamily, DocumentedMetric } from "./documented-set.ts";
import type { TargetAttributes } from "./target-attributes.ts";
import type { VmResources } from "./vm-resources.ts";

/** What is known of a layout once and for all. */
export interface MappedLayout {
  /** What goes on, over the slots of the source's layout. */
  readonly layout: Layout;
  /** The running totals in it, whether or not they are to become deltas. */
  readonly streams: LayoutStreams;
  /** Histograms whose parts have become points of their own. */
  readonly split: readonly HistogramSlots[];
  /** Slots of points that became the same series: see `LayoutWriter.ambiguous`. */
  readonly ambiguous: readonly Uint32Array[];
  /** What was scraped, by target, without the reports on the scrape. */
  readonly scraped: readonly ScrapedTarget[];
}

export interface ScrapedTarget {
  readonly resource: Resource;
  readonly metrics: readonly MetricLayout[];
}

/** By what a layout is mapped. */
export interface MappingRules {
  readonly config: Config;
  /** By name at the source. */
  readonly families: ReadonlyMap<string, DocumentedFamily>;
  readonly direct: ReadonlyMap<string, DocumentedMetric>;
  /** The same object for the same resource. */
  readonly target: (resource: Resource) => Target;
}

/** What mapping keeps of one target from layout to layout. */
export interface Target {
  readonly attributes: TargetAttributes;
  readonly vms: VmResources;
}
