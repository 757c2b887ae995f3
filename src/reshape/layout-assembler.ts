import type { InstrumentationScope, Layout, MetricLayout, Resource } from "../metrics/index.ts";
import { seriesKey } from "../temporality/index.ts";
import { joinPoints, metricIdentity } from "./pick-points.ts";

interface ResourceEntry {
  readonly resource: Resource;
  readonly scopes: Map<string, ScopeEntry>;
}

interface ScopeEntry {
  readonly scope: InstrumentationScope;
  readonly metrics: Map<string, MetricLayout[]>;
}

/**
 * Puts a layout together from metrics that are handed to it one by one: equal resources, scopes and metrics become one,
 * in the order in which they first came.
 */
export class LayoutAssembler {
  readonly #resources = new Map<string, ResourceEntry>();
  /** Texts are made once for each object of a layout. */
  readonly #keys = new Map<object, string>();

  /** @param identity of the metric, for who adds many parts of one */
  add(
    resource: Resource,
    scope: InstrumentationScope,
    metric: MetricLayout,
    identity: string = metricIdentity(metric),
  ): void {
    const entry = getOrAdd(this.#resources, this.#key(resource, resourceIdentity), () => ({
      resource,
      scopes: new Map(),
    }));
    const part = getOrAdd(entry.scopes, this.#key(scope, scopeIdentity), () => ({
      scope,
      metrics: new Map(),
    }));
    getOrAdd(part.metrics, identity, (): MetricLayout[] => []).push(metric);
  }

  build(width: number): Layout {
    return {
      width,
      resources: [...this.#resources.values()].map(({ resource, scopes }) => ({
        resource,
        scopes: [...scopes.values()].map(({ scope, metrics }) => ({
          scope,
          metrics: [...metrics.values()].map(joinPoints),
        })),
      })),
    };
  }

  #key<Item extends object>(item: Item, identity: (item: Item) => string): string {
    return getOrAdd(this.#keys, item, () => identity(item));
  }
}

function resourceIdentity({ attributes, schemaUrl = "" }: Resource): string {
  return JSON.stringify([seriesKey(attributes), schemaUrl]);
}

function scopeIdentity({
  name,
  version = "",
  schemaUrl = "",
  attributes = {},
}: InstrumentationScope): string {
  return JSON.stringify([name, version, schemaUrl, seriesKey(attributes)]);
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
