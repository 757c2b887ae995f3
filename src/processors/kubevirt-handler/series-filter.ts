import { type Attributes, type Layout, type MetricLayout, memoise } from "../../metrics/index.ts";
import type { Config } from "./config.ts";
import { nameLookup } from "./name-patterns.ts";
import { isScraped } from "./scraped.ts";

export interface FilteredLayout {
  /** The same object if nothing is excluded. */
  readonly layout: Layout;
  readonly excluded: readonly MetricLayout[];
}

/** Takes what `exclude_metrics` and `exclude_metrics_by_labels` name out of a layout. */
export function seriesFilter({
  exclude_metrics,
  exclude_metrics_by_labels,
}: Config): (layout: Layout) => FilteredLayout {
  const excluded = nameLookup(exclude_metrics.map((pattern) => [pattern, true] as const));
  const isExcluded = (name: string) => (excluded.exact(name) ?? excluded.pattern(name)) === true;
  const labels = Object.entries(exclude_metrics_by_labels).map(
    ([label, values]) => [label, values === true ? undefined : new Set(values)] as const,
  );
  if (exclude_metrics.length + labels.length === 0) return (layout) => ({ layout, excluded: [] });
  const isKept = memoise(
    (attributes: Attributes) =>
      !labels.some(([label, values]) => {
        const value = attributes[label];
        return value !== undefined && (values === undefined || values.has(String(value)));
      }),
  );
  return ({ width, resources }) => {
    const excluded: MetricLayout[] = [];
    const filter = (metric: MetricLayout): readonly MetricLayout[] => {
      if (!isScraped(metric)) return [metric];
      if (isExcluded(metric.descriptor.name)) {
        excluded.push(metric);
        return [];
      }
      const kept = withSeries(metric, isKept);
      if (kept !== metric) excluded.push(withSeries(metric, (attributes) => !isKept(attributes)));
      return [kept];
    };
    const layout = {
      width,
      resources: resources.map(({ resource, scopes }) => ({
        resource,
        scopes: scopes.map(({ scope, metrics }) => ({ scope, metrics: metrics.flatMap(filter) })),
      })),
    };
    return { layout, excluded };
  };
}

function withSeries(metric: MetricLayout, isKept: (attributes: Attributes) => boolean): MetricLayout {
  const kept = [...metric.attributes.keys()].filter((i) => isKept(metric.attributes[i] as Attributes));
  if (kept.length === metric.attributes.length) return metric;
  const attributes = kept.map((i) => metric.attributes[i] as Attributes);
  return (
    "slots" in metric
      ? { ...metric, attributes, slots: Uint32Array.from(kept, (i) => metric.slots[i] as number) }
      : { ...metric, attributes, series: kept.map((i) => metric.series[i]) }
  ) as MetricLayout;
}
