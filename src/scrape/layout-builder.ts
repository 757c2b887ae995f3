import type { FamilyMetadata, SeriesEntry } from "../exposition/index.ts";
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
import { FamilyTranslation, gauge, metadataOf } from "./translate.ts";

/** A gauge that the scraper adds to the scraped series. */
export interface OwnGauge {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly attributes: Attributes;
}

export interface LayoutBuilderOptions {
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  readonly interner: AttributeInterner;
  /** Follow the scraped slots, in this order. */
  readonly ownGauges: readonly OwnGauge[];
}

/** What a series table knows about its entries; see `SeriesTable`. */
export interface KnownSeries {
  readonly entries: readonly SeriesEntry[];
  readonly families: ReadonlyMap<string, FamilyMetadata>;
}

/**
 * Makes the layout of a target from its series table: scraped series at the table's own slots, the scraper's own
 * gauges behind them. The layout, and in it every metric, is the same object for as long as its series are.
 */
export class LayoutBuilder {
  readonly #options: LayoutBuilderOptions;
  #families = new Map<string, FamilyTranslation>();
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

  /** Takes in the entries that were appended since the last call; all of them again after a metadata change or a renumbering. */
  update({ entries, families }: KnownSeries, startOver: boolean): void {
    if (!startOver && entries.length === this.#known) return;
    if (startOver) {
      this.#families = new Map();
      this.#known = 0;
    }
    for (; this.#known < entries.length; this.#known++) {
      const entry = entries[this.#known] as SeriesEntry;
      let family = this.#families.get(entry.family);
      if (family === undefined) {
        const metadata = families.get(entry.family) ?? { name: entry.family, type: "unknown" };
        family = new FamilyTranslation(metadata, this.#options.interner);
        this.#families.set(entry.family, family);
      }
      family.add(entry);
    }
    const all = [...this.#families.values()];
    this.#strays = all.flatMap((family) => family.strays);
    this.#composites = all.flatMap(({ composites, metadata: { type } }) =>
      type === "histogram" || type === "summary" ? composites.map((composite) => ({ type, composite })) : [],
    );
    this.#layout = this.#build();
  }

  /** Leaves out the buckets, quantiles and sums that a point in `seen` lacks. */
  fitParts(seen: Uint8Array): void {
    let changed = false;
    for (const family of this.#families.values()) {
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

  #build(): Layout {
    const { resource, scope, ownGauges } = this.#options;
    const metrics: MetricLayout[] = [];
    for (const { metric } of this.#families.values()) {
      if (metric !== undefined && metric.attributes.length > 0) metrics.push(metric);
    }
    for (const [i, own] of ownGauges.entries()) metrics.push(ownMetric(own, this.#known + i));
    return {
      resources: [{ resource, scopes: [{ scope, metrics }] }],
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
