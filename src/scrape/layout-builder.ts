import type { Attributes } from "../metrics/index.ts";
import {
  type InstrumentationScope,
  type Layout,
  type MetricLayout,
  type Resource,
  type ResourceLayout,
  type ScopeLayout,
  ValueType,
} from "../metrics/index.ts";
import type { AttributeInterner } from "./attributes.ts";
import { type Composite, missingParts, sameSlots } from "./composite-series.ts";
import type { KnownSeries, ScrapedEntry } from "./known-series.ts";
import { ScopeLabels } from "./scope-labels.ts";
import { type CreatedPoint, FamilyTranslation, gauge, metadataOf } from "./translate.ts";

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

/** A sample with this name says what the target is, whatever the type that it is declared as. */
const TARGET_INFO = "target_info";

/** What one resource is said to have. */
interface ResourceGroup {
  /** Samples that describe the resource itself. */
  readonly info: ScrapedEntry[];
  readonly scopes: Map<InstrumentationScope, Map<string, FamilyTranslation>>;
  /** With what the samples add that were there last. */
  resource: Resource;
}

/**
 * Makes the layout of a target from its series table: scraped series at the table's own slots, the scraper's own
 * gauges behind them. The layout, and in it every metric, is the same object for as long as its series are.
 */
export class LayoutBuilder {
  readonly #options: LayoutBuilderOptions;
  readonly #scopeLabels: ScopeLabels;
  /** By what they are about. */
  #groups = new Map<Resource, ResourceGroup>();
  #composites: readonly { readonly type: "histogram" | "summary"; readonly composite: Composite }[] = [];
  #natives: readonly number[] = [];
  #strays: readonly number[] = [];
  #created: readonly CreatedPoint[] = [];
  /** Slots of the samples that describe resources and were there last. */
  #infoSeen: readonly number[] = [];
  #known = 0;
  #layout: Layout;

  constructor(options: LayoutBuilderOptions) {
    this.#options = options;
    this.#scopeLabels = new ScopeLabels(options.scope);
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

  /** Slots of native histograms. */
  get natives(): readonly number[] {
    return this.#natives;
  }

  /** Slots of samples that fit no metric. */
  get strays(): readonly number[] {
    return this.#strays;
  }

  /** The points whose start times stand in series of their own. */
  get createdPoints(): readonly CreatedPoint[] {
    return this.#created;
  }

  /**
   * Takes in the entries that were appended since the last call; all of them again after a metadata change or a
   * renumbering. Returns whether there was anything to take in.
   */
  update({ entries, families }: KnownSeries, startOver: boolean): boolean {
    if (!startOver && entries.length === this.#known) return false;
    if (startOver) {
      this.#groups = new Map();
      this.#infoSeen = [];
      this.#known = 0;
    }
    for (; this.#known < entries.length; this.#known++) {
      const entry = entries[this.#known];
      if (entry !== undefined) this.#add(entry, families);
    }
    const all = [...this.#families()];
    this.#strays = all.flatMap((family) => family.strays);
    this.#natives = all.flatMap((family) => family.natives);
    this.#created = all.flatMap((family) => family.createdPoints);
    this.#composites = all.flatMap(({ composites, metadata: { type } }) =>
      type === "histogram" || type === "summary" ? composites.map((composite) => ({ type, composite })) : [],
    );
    this.#layout = this.#build();
    return true;
  }

  /** Leaves out the buckets, quantiles and sums that a point in `seen` lacks, and fits resources to what describes them. */
  fitParts(seen: Uint8Array): void {
    let changed = this.#fitResources(seen);
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

  #add(entry: ScrapedEntry, families: KnownSeries["families"]): void {
    const resource = entry.resource ?? this.#options.resource;
    let group = this.#groups.get(resource);
    if (group === undefined) {
      group = { info: [], scopes: new Map(), resource };
      this.#groups.set(resource, group);
    }
    if (entry.name === TARGET_INFO) {
      group.info.push(entry);
      return;
    }
    const { labels, scope } = this.#scopeLabels.of(entry.labels);
    let translations = group.scopes.get(scope);
    if (translations === undefined) {
      translations = new Map();
      group.scopes.set(scope, translations);
    }
    let family = translations.get(entry.family);
    if (family === undefined) {
      const metadata = families.get(entry.family) ?? { name: entry.family, type: "unknown" };
      family = new FamilyTranslation(metadata, this.#options.interner);
      translations.set(entry.family, family);
    }
    family.add({ entry, labels });
  }

  /** Adds the labels of the `target_info` samples at hand to their resources. Returns whether they are others than before. */
  #fitResources(seen: Uint8Array): boolean {
    const groups = [...this.#groups].filter(([, { info }]) => info.length > 0);
    if (groups.length === 0) return false;
    const present = groups.flatMap(([, { info }]) => info.filter(({ slot }) => seen[slot] === 1));
    const slots = present.map(({ slot }) => slot);
    if (sameSlots(slots, this.#infoSeen)) return false;
    this.#infoSeen = slots;
    for (const [resource, group] of groups) {
      group.resource = described(
        resource,
        group.info.filter(({ slot }) => seen[slot] === 1),
      );
    }
    return true;
  }

  *#families(): Generator<FamilyTranslation> {
    for (const { scopes } of this.#groups.values()) {
      for (const families of scopes.values()) yield* families.values();
    }
  }

  #build(): Layout {
    const { resource: target, scope: ownScope, ownGauges } = this.#options;
    const own = ownGauges.map((gauge, i) => ownMetric(gauge, this.#known + i));
    const resources: ResourceLayout[] = [];
    // The target comes first, whatever it exposes.
    const groups = new Map<Resource, ResourceGroup | undefined>([[target, undefined], ...this.#groups]);
    for (const [resource, group] of groups) {
      const scopes: ScopeLayout[] = [];
      for (const [scope, families] of group?.scopes ?? []) {
        const metrics = [...families.values()].flatMap((family) => family.metrics);
        if (metrics.length > 0) scopes.push({ scope, metrics });
      }
      if (resource === target) {
        const scraped = scopes.findIndex(({ scope }) => scope === ownScope);
        if (scraped < 0) scopes.push({ scope: ownScope, metrics: own });
        else scopes[scraped] = { scope: ownScope, metrics: [...scopes[scraped]!.metrics, ...own] };
      }
      if (scopes.length > 0) resources.push({ resource: group?.resource ?? resource, scopes });
    }
    return { resources, width: this.#known + ownGauges.length };
  }
}

/** What identifies a resource is configured, and not for a target to say. */
const identifying = ["service.name", "service.instance.id"];

/** A resource with the labels of the samples that describe it. */
function described(resource: Resource, info: readonly ScrapedEntry[]): Resource {
  const added = info
    .flatMap(({ labels }) => Object.entries(labels))
    .filter(([name]) => name !== "job" && name !== "instance" && !identifying.includes(name));
  if (added.length === 0) return resource;
  return {
    ...resource,
    attributes: Object.freeze(Object.fromEntries([...Object.entries(resource.attributes), ...added])),
  };
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
