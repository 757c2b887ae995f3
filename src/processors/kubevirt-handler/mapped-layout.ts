import type { HistogramSlots, Layout, MetricLayout, Resource } from "../../metrics/index.ts";
import type { LayoutStreams } from "../../temporality/index.ts";
import type { Config } from "./config.ts";
import type { DirectMetric, FamilySource } from "./documented-set.ts";
import type { ExtraMetric } from "./extra-metrics.ts";
import type { Release } from "./known-errors.ts";
import type { PointPlace } from "./layout-writer.ts";
import type { LeftOut } from "./left-out.ts";
import type { NameLookup } from "./name-patterns.ts";
import type { TargetAttributes } from "./target-attributes.ts";
import type { VmResources } from "./vm-resources.ts";

/** What is known of a layout once and for all. */
export interface MappedLayout {
  /** What goes on, over the slots of the source's layout. */
  readonly layout: Layout;
  /** The running totals in it, whether or not they are to become deltas. */
  readonly streams: LayoutStreams;
  /** Histograms and summaries whose parts have become points of their own. */
  readonly split: readonly HistogramSlots[];
  /** Points that became the same series: see `LayoutWriter.ambiguous`. */
  readonly ambiguous: readonly (readonly PointPlace[])[];
  readonly adjustments: Adjustments;
  /** Families of the source whose values were found to be wrong, by release. */
  readonly corrections: ReadonlyMap<string, readonly string[]>;
  readonly leftOut: LeftOut;
  /** What was scraped, by target, without the reports on the scrape. */
  readonly scraped: readonly ScrapedTarget[];
}

/** Values that are not those of the source. */
export interface Adjustments {
  readonly divided: readonly { readonly slots: Uint32Array; readonly divisor: number }[];
  readonly fixed: readonly { readonly slot: number; readonly value: number }[];
}

export interface ScrapedTarget {
  readonly resource: Resource;
  readonly release: Release | undefined;
  readonly metrics: readonly MetricLayout[];
}

/** By what a layout is mapped. */
export interface MappingRules {
  readonly config: Config;
  /** By name at the source. */
  readonly families: ReadonlyMap<string, FamilySource>;
  readonly direct: ReadonlyMap<string, DirectMetric>;
  readonly extra: NameLookup<ExtraMetric>;
  /** The same object for the same resource. */
  readonly target: (resource: Resource) => Target;
}

/** What mapping keeps of one target from layout to layout. */
export interface Target {
  readonly attributes: TargetAttributes;
  readonly vms: VmResources;
  /** As the last scrape that said so had it. */
  version: string | undefined;
}
