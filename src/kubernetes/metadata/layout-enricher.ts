import type {
  Attributes,
  Layout,
  MetricLayout,
  Resource,
  ResourceLayout,
  ScopeLayout,
} from "../../metrics/index.ts";

export interface LayoutEnricherSettings<Key> {
  /** What a resource is about; undefined: nothing that could be looked up. The same key for the same resource. */
  readonly resourceKey: (resource: Resource) => Key | undefined;
  /** What a point is about, where its resource is about nothing that is known. */
  readonly pointKey?: (attributes: Attributes, metric: MetricLayout) => Key | undefined;
  /** What to add for a key. The same object for as long as it says the same; undefined when nothing is known. */
  readonly lookup: (key: Key) => Attributes | undefined;
}

export interface EnrichedLayout {
  readonly layout: Layout;
  /** Subjects that the layout has and that are known. */
  readonly matched: number;
  readonly unmatched: number;
}

interface Known<Key> extends EnrichedLayout {
  readonly version: number;
  readonly used: ReadonlyMap<Key, Attributes | undefined>;
}

/**
 * Adds attributes that are looked up by what a resource or a point is about. A layout keeps its result while what was
 * found for it stays the same, and so do its resources, metrics and attributes: a change makes anew what it touches.
 * What is there already is not overwritten, unless it is an empty string.
 */
export class LayoutEnricher<Key> {
  readonly #settings: LayoutEnricherSettings<Key>;
  readonly #known = new WeakMap<Layout, Known<Key>>();
  readonly #resources = merger((resource: Resource, extra) => {
    const attributes = merge(resource.attributes, extra);
    return attributes === resource.attributes ? resource : Object.freeze({ ...resource, attributes });
  });
  readonly #attributes = merger((attributes: Attributes, extra) => merge(attributes, extra));
  readonly #metrics = keeper((a: MetricLayout, b: MetricLayout) => sameItems(a.attributes, b.attributes));
  readonly #scopes = keeper((a: ScopeLayout, b: ScopeLayout) => sameItems(a.metrics, b.metrics));
  readonly #entries = keeper(
    (a: ResourceLayout, b: ResourceLayout) => a.resource === b.resource && sameItems(a.scopes, b.scopes),
  );

  constructor(settings: LayoutEnricherSettings<Key>) {
    this.#settings = settings;
  }

  /** @param version of what `lookup` knows: while it is the same, so are all results of before */
  enrich(layout: Layout, version: number): EnrichedLayout {
    let known = this.#known.get(layout);
    if (known?.version === version) return known;
    if (known !== undefined && this.#isCurrent(known)) known = { ...known, version };
    else known = this.#build(layout, version);
    this.#known.set(layout, known);
    return known;
  }

  #isCurrent({ used }: Known<Key>): boolean {
    for (const [key, found] of used) if (this.#settings.lookup(key) !== found) return false;
    return true;
  }

  #build(layout: Layout, version: number): Known<Key> {
    const { resourceKey, pointKey, lookup } = this.#settings;
    const used = new Map<Key, Attributes | undefined>();
    const find = (key: Key): Attributes | undefined => {
      if (!used.has(key)) used.set(key, lookup(key));
      return used.get(key);
    };
    const resources = layout.resources.map((entry) => {
      const key = resourceKey(entry.resource);
      const extra = key === undefined ? undefined : find(key);
      if (extra !== undefined) {
        return this.#entries(entry, { ...entry, resource: this.#resources(entry.resource, extra) });
      }
      if (pointKey === undefined) return entry;
      const scopes = entry.scopes.map((scope) => {
        const metrics = scope.metrics.map((metric) => this.#metric(metric, pointKey, find));
        return this.#scopes(scope, {
          ...scope,
          metrics: sameItems(metrics, scope.metrics) ? scope.metrics : metrics,
        });
      });
      return this.#entries(entry, {
        ...entry,
        scopes: sameItems(scopes, entry.scopes) ? entry.scopes : scopes,
      });
    });
    let matched = 0;
    for (const found of used.values()) if (found !== undefined) matched++;
    return {
      layout: sameItems(resources, layout.resources) ? layout : { ...layout, resources },
      matched,
      unmatched: used.size - matched,
      version,
      used,
    };
  }

  #metric(
    metric: MetricLayout,
    pointKey: NonNullable<LayoutEnricherSettings<Key>["pointKey"]>,
    find: (key: Key) => Attributes | undefined,
  ): MetricLayout {
    const attributes = metric.attributes.map((source) => {
      const key = pointKey(source, metric);
      const extra = key === undefined ? undefined : find(key);
      return extra === undefined ? source : this.#attributes(source, extra);
    });
    return this.#metrics(metric, {
      ...metric,
      attributes: sameItems(attributes, metric.attributes) ? metric.attributes : attributes,
    });
  }
}

/**
 * Keeps the identity of what is made of a source: the source itself or the last result, if the new one has nothing else
 * in it.
 */
function keeper<Source extends object>(
  same: (a: Source, b: Source) => boolean,
): (source: Source, result: Source) => Source {
  const last = new WeakMap<Source, Source>();
  return (source, result) => {
    if (same(source, result)) return source;
    const before = last.get(source);
    if (before !== undefined && same(before, result)) return before;
    last.set(source, result);
    return result;
  };
}

/** Remembers the last result for each source, for the extra attributes it was made of. */
function merger<Source extends object>(
  compute: (source: Source, extra: Attributes) => Source,
): (source: Source, extra: Attributes) => Source {
  const results = new WeakMap<Source, { readonly extra: Attributes; readonly result: Source }>();
  return (source, extra) => {
    let entry = results.get(source);
    if (entry?.extra !== extra) {
      entry = { extra, result: compute(source, extra) };
      results.set(source, entry);
    }
    return entry.result;
  };
}

function merge(own: Attributes, extra: Attributes): Attributes {
  const missing = Object.entries(extra).filter(([name]) => own[name] === undefined || own[name] === "");
  return missing.length === 0 ? own : Object.freeze({ ...own, ...Object.fromEntries(missing) });
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a === b || (a.length === b.length && a.every((item, i) => item === b[i]));
}
