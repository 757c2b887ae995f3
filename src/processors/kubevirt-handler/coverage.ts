import { type DocumentedSet, familyIndex, metricsOfFamily } from "./documented-set.ts";
import { handlerSet } from "./sets/index.ts";

export interface Coverage {
  /** Documented metrics that the families give, in the order of the documentation. */
  readonly seen: readonly string[];
  /** Documented metrics that a scrape can have and this one has not; `can_connect` never comes from a scrape. */
  readonly missing: readonly string[];
  /** Families of KubeVirt that no documented metric is made of, in the order given. */
  readonly unmapped: readonly string[];
}

/** What a scrape with these families (names with or without `_total`) has of the documented set. */
export function coverage(familyNames: Iterable<string>, set: DocumentedSet = handlerSet): Coverage {
  const index = familyIndex(set);
  const found = new Set<string>();
  const unmapped = new Set<string>();
  const direct = new Map(set.direct.flatMap(({ sources, name }) => sources.map((source) => [source, name])));
  for (const name of familyNames) {
    const family = index.get(name)?.documented;
    const own = direct.get(name);
    if (family !== undefined) for (const metric of metricsOfFamily(family)) found.add(metric.name);
    else if (own !== undefined) found.add(own);
    else if (name.startsWith("kubevirt_")) unmapped.add(name);
  }
  const fromScrape = set.families.flatMap(metricsOfFamily).map(({ name }) => name);
  return {
    seen: [...set.direct.map(({ name }) => name), ...fromScrape].filter((name) => found.has(name)),
    missing: fromScrape.filter((name) => !found.has(name)),
    unmapped: [...unmapped],
  };
}
