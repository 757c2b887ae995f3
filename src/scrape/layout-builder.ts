import type { Attributes } from "../metrics/index.ts";
import {
  type InstrumentationScope,
  type Layout,
  type MetricLayout,
  type Resource,
  ValueType,
} from "../metrics/index.ts";
import type { AttributeInterner } from "./attributes.ts";
import { type Composite, missingParts, sameSlots } from "./composite-series.ts";
import type { KnownSeries } from "./known-series.ts";
import { FamilyTranslation, gauge, metadataOf } from "./translate.ts";

/** A gauge that the scraper adds to the scraped series. */
export interface OwnGauge {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly attributes: Attributes;
}

export interface LayoutBuilderOptions {
  /** The target, and what its series are about unless they say otherwise. */
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  readonly interner: AttributeInterner;
  /** Follow the scraped slots, in this order. */
  readonly ownGauges: readonly OwnGauge[];
}

/**
 * Makes the layout of a target from its series table: scraped series at the table's own slots, the scraper's own
 * gauges behind them. The layout, and in it every metric, is the same object for as long as its series are.
 */
export class LayoutBuilder {
  readonly #options: LayoutBuilderOptions;
  /** By what they are about and by name. */
  #resources = new Map<Resource, Map<string, FamilyTranslation>>();
  #composites: readonly { readonly type: "histogram" | "summary"; readonly composite: Composite }[] = [];
  #strays: readonly number[] = [];
  #known = 0;
  #layout: Layout;

  constructor(options: LayoutBuilderOptions) {
    this.#options = options;
    this.#layout = this.#build();
  }

  /** Of the series taken in so far. */
  get layout(): Layout {
    return this.#layout;
  }

  /** Number of scraped slots in the layout; the own gauges begin here. */
  get scrapedWidth(): number {
    return this.#known;
  }

  /** Every histogram and summary point. */
  get composites(): readonly { readonly type: "histogram" | "summary"; readonly composite: Composite }[] {
    return this.#composites;
  }

  /** Slots of samples that fit no metric. */
  get strays(): readonly number[] {
    return this.#strays;
  }

  /**
   * Takes in the entries that were appended since the last call; all of them again after a metadata change or a
   * renumbering. Returns whether there was anything to take in.
   */
  update({ entries, families }: KnownSeries, startOver: boolean): boolean {
    if (!startOver && entries.length === this.#known) return false;
    if (startOver) {
      this.#resources = new Map();
      this.#known = 0;
    }
    for (; this.#known < entries.length; this.#known++) {
      const entry = entries[this.#known];
      if (entry === undefined) continue;
      const resource = entry.resource ?? this.#options.resource;
      let translations = this.#resources.get(resource);
      if (translations === undefined) {
        translations = new Map();
        this.#resources.set(resource, translations);
      }
      let family = translations.get(entry.family);
      if (family === undefined) {
        const metadata = families.get(entry.family) ?? { name: entry.family, type: "unknown" };
        family = new FamilyTranslation(metadata, this.#options.interner);
        translations.set(entry.family, family);
      }
      family.add(entry);
    }
    const all = [...this.#families()];
    this.#strays = all.flatMap((family) => family.strays);
    this.#composites = all.flatMap(({ composites, metadata: { type } }) =>
      type === "histogram" || type === "summary" ? composites.map((composite) => ({ type, composite })) : [],
    );
    this.#layout = this.#build();
    return true;
  }

  /** Leaves out the buckets, quantiles and sums that a point in `seen` lacks. */
  fitParts(seen: Uint8Array): void {
    let changed = false;
    for (const family of this.#families()) {
      for (const composite of family.composites) {
        if (seen[composite.count] !== 1) continue;
        const missing = missingParts(composite, seen);
        if (sameSlots(missing, composite.leftOut)) continue;
        family.changeParts(composite, missing);
        changed = true;
      }
    }
    if (changed) this.#layout = this.#build();
  }

  *#families(): Generator<FamilyTranslation> {
    for (const families of this.#resources.values()) yield* families.values();
  }

  #build(): Layout {
    const { resource: target, scope, ownGauges } = this.#options;
    const own = ownGauges.map((gauge, i) => ownMetric(gauge, this.#known + i));
    const resources = new Map<Resource, readonly MetricLayout[]>([[target, own]]);
    for (const [resource, families] of this.#resources) {
      const metrics: MetricLayout[] = [];
      for (const { metric } of families.values()) {
        if (metric !== undefined && metric.attributes.length > 0) metrics.push(metric);
      }
      if (resource === target) resources.set(target, [...metrics, ...own]);
      else if (metrics.length > 0) resources.set(resource, metrics);
    }
    return {
      resources: [...resources].map(([resource, metrics]) => ({ resource, scopes: [{ scope, metrics }] })),
      width: this.#known + ownGauges.length,
    };
  }
}

function ownMetric({ name, description, unit, attributes }: OwnGauge, slot: number): MetricLayout {
  return {
    ...gauge,
    descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
    isMonotonic: false,
    metadata: metadataOf("gauge"),
    attributes: [attributes],
    slots: Uint32Array.of(slot),
  };
}
