import {
  type Attributes,
  type Column,
  type Layout,
  type MetricLayout,
  memoise,
  PRESENT,
  pointSlot,
  type ResourceLayout,
} from "../../metrics/index.ts";
import { seriesKey } from "../../temporality/index.ts";
import type { Config } from "./config.ts";
import { optionName } from "./name-patterns.ts";
import { isScraped } from "./scraped.ts";

type Rule = Exclude<Config["share_labels"][string], true>;

/** A series that gives its labels away, when it is there with one of its values. */
interface Source {
  readonly slot: number;
  readonly rule: Rule;
  readonly attributes: Attributes;
}

interface SharedLayout {
  readonly layout: Layout;
  /** Which series of the layout had something to share: with the layout it determines the result. */
  readonly key: string;
}

/**
 * Gives labels of some metrics to other series of the same target (`share_labels`). Worked out anew when the series that
 * share change, so no label is older than the scrape.
 *
 * Labels that were shared under a condition go before those that were not; of several such, the last goes first. A
 * series that lacks one of the labels of `match` neither gives nor takes under it.
 */
export class LabelSharing {
  readonly #rules: ReadonlyMap<string, Rule>;
  readonly #sources = memoise((layout: Layout) =>
    layout.resources.map((resource) => this.#sourcesOf(resource)),
  );
  readonly #results = memoise((_: Layout) => new Map<string, Layout>());
  /** By own attributes: by the key of what was added to them. */
  readonly #enriched = memoise((_: Attributes) => new Map<string, Attributes>());
  readonly #origins = new WeakMap<Attributes, Attributes>();

  constructor(config: Config["share_labels"]) {
    this.#rules = new Map(
      Object.entries(config).map(([name, rule]) => [optionName(name), rule === true ? {} : rule]),
    );
  }

  /** The attributes as the source has them: they tell what stream a series is, whatever was shared with it. */
  readonly originOf = (attributes: Attributes): Attributes => this.#origins.get(attributes) ?? attributes;

  apply(layout: Layout, column: Column): SharedLayout {
    if (this.#rules.size === 0) return { layout, key: "" };
    const active = this.#sources(layout).map((sources) =>
      sources.filter((source) => isActive(source, column)),
    );
    const key = active.map((sources) => sources.map(({ slot }) => slot).join()).join(";");
    const results = this.#results(layout);
    let result = results.get(key);
    if (result === undefined) {
      // Values that flap all the time must not fill the memory.
      if (results.size >= MAX_VARIANTS) results.clear();
      result = this.#share(layout, active);
      results.set(key, result);
    }
    return { layout: result, key };
  }

  #sourcesOf({ scopes }: ResourceLayout): readonly Source[] {
    const sources: Source[] = [];
    for (const metric of scopes.flatMap(({ metrics }) => metrics)) {
      const rule = isScraped(metric) ? this.#rules.get(optionName(metric.descriptor.name)) : undefined;
      if (rule === undefined) continue;
      metric.attributes.forEach((attributes, i) => {
        sources.push({ slot: pointSlot(metric, i), rule, attributes });
      });
    }
    return sources;
  }

  #share(layout: Layout, active: readonly (readonly Source[])[]): Layout {
    return {
      width: layout.width,
      resources: layout.resources.map((resource, i) => {
        const sources = active[i] ?? [];
        if (sources.length === 0) return resource;
        const shared = sharedLabels(sources);
        return {
          resource: resource.resource,
          scopes: resource.scopes.map(({ scope, metrics }) => ({
            scope,
            metrics: metrics.map((metric) => this.#enrich(metric, shared)),
          })),
        };
      }),
    };
  }

  #enrich(metric: MetricLayout, shared: (own: Attributes) => Attributes): MetricLayout {
    if (!isScraped(metric)) return metric;
    const attributes = metric.attributes.map((own) => {
      const more = Object.fromEntries(Object.entries(shared(own)).filter(([label]) => !(label in own)));
      if (Object.keys(more).length === 0) return own;
      const known = this.#enriched(own);
      const key = seriesKey(more);
      let enriched = known.get(key);
      if (enriched === undefined) {
        if (known.size >= MAX_VARIANTS) known.clear();
        enriched = Object.freeze({ ...own, ...more });
        known.set(key, enriched);
        this.#origins.set(enriched, own);
      }
      return enriched;
    });
    return { ...metric, attributes };
  }
}

/** How many results of one layout, or series, are kept. */
const MAX_VARIANTS = 8;

function isActive({ slot, rule }: Source, { presence, values }: Column): boolean {
  return presence.at(slot) === PRESENT && (rule.values?.includes(values[slot] as number) ?? true);
}

/** What a series gets, given its own labels. */
function sharedLabels(sources: readonly Source[]): (own: Attributes) => Attributes {
  let toAll: Attributes = {};
  const matched = new Map<readonly string[], Map<string, Attributes>>();
  for (const { rule, attributes } of sources) {
    const given = pick(attributes, rule.labels);
    const { match } = rule;
    if (match === undefined) {
      toAll = { ...toAll, ...given };
      continue;
    }
    const key = matchKey(attributes, match);
    if (key === undefined) continue;
    const byKey = matched.get(match) ?? new Map<string, Attributes>();
    matched.set(match, byKey);
    byKey.set(key, { ...byKey.get(key), ...given });
  }
  return (own) => {
    let result = toAll;
    for (const [match, byKey] of matched) {
      const key = matchKey(own, match);
      const given = key === undefined ? undefined : byKey.get(key);
      if (given !== undefined) result = { ...result, ...given };
    }
    return result;
  };
}

function pick(attributes: Attributes, labels: readonly string[] | undefined): Attributes {
  if (labels === undefined) return attributes;
  return Object.fromEntries(Object.entries(attributes).filter(([label]) => labels.includes(label)));
}

/** Undefined when a label is missing. */
function matchKey(attributes: Attributes, match: readonly string[]): string | undefined {
  const values = match.map((label) => attributes[label]);
  return values.includes(undefined) ? undefined : JSON.stringify(values.map(String));
}
