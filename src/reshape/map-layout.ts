import type {
  Attributes,
  InstrumentationScope,
  Layout,
  MetricLayout,
  Resource,
  ResourceLayout,
  ScopeLayout,
} from "../metrics/index.ts";

export interface LayoutMapping {
  readonly resource?: (resource: Resource) => Resource;
  readonly scope?: (scope: InstrumentationScope) => InstrumentationScope;
  /** Undefined drops the metric, and with it what has no other. */
  readonly metric?: (metric: MetricLayout) => MetricLayout | undefined;
}

/** A layout over the same slots. What no function changes keeps its identity, up to the layout itself. */
export function mapLayout(layout: Layout, { resource, scope, metric }: LayoutMapping): Layout {
  const resources = mapItems(layout.resources, (entry): ResourceLayout | undefined => {
    const scopes = mapItems(entry.scopes, (part): ScopeLayout | undefined => {
      const metrics = metric === undefined ? part.metrics : mapItems(part.metrics, metric);
      if (metrics.length === 0 && part.metrics.length > 0) return undefined;
      const owner = scope?.(part.scope) ?? part.scope;
      return metrics === part.metrics && owner === part.scope ? part : { scope: owner, metrics };
    });
    if (scopes.length === 0 && entry.scopes.length > 0) return undefined;
    const owner = resource?.(entry.resource) ?? entry.resource;
    return scopes === entry.scopes && owner === entry.resource ? entry : { resource: owner, scopes };
  });
  return resources === layout.resources ? layout : { ...layout, resources };
}

/** The metric with each attributes object replaced; itself if none is. */
export function mapPointAttributes(
  metric: MetricLayout,
  map: (attributes: Attributes) => Attributes,
): MetricLayout {
  const attributes = mapItems(metric.attributes, map);
  return attributes === metric.attributes ? metric : { ...metric, attributes };
}

function mapItems<Item>(items: readonly Item[], map: (item: Item) => Item | undefined): readonly Item[] {
  let result: Item[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const item = items[i] as Item;
    const mapped = map(item);
    if (result === undefined) {
      if (mapped === item) continue;
      result = items.slice(0, i);
    }
    if (mapped !== undefined) result.push(mapped);
  }
  return result ?? items;
}
