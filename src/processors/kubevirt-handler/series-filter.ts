import { type Attributes, type Layout, type MetricLayout, memoise } from "../../metrics/index.ts";
import type { Config } from "./config.ts";
import { nameLookup } from "./name-patterns.ts";
import { isScraped } from "./scraped.ts";

/** Takes what `exclude_metrics` and `exclude_metrics_by_labels` name out of a layout: the same object if there is none. */
export function seriesFilter({
  exclude_metrics,
  exclude_metrics_by_labels,
}: Config): (layout: Layout) => Layout {
  const excluded = nameLookup(exclude_metrics.map((pattern) => [pattern, true] as const));
  const isExcluded = (name: string) => (excluded.exact(name) ?? excluded.pattern(name)) === true;
  const labels = Object.entries(exclude_metrics_by_labels).map(
    ([label, values]) => [label, values === true ? undefined : new Set(values)] as const,
  );
  if (exclude_metrics.length + labels.length === 0) return (layout) => layout;
  const isKept = memoise(
    (attributes: Attributes) =>
      !labels.some(([label, values]) => {
        const value = attributes[label];
        return value !== undefined && (values === undefined || values.has(String(value)));
      }),
  );
  const filter = (metric: MetricLayout): MetricLayout | undefined => {
    if (!isScraped(metric)) return metric;
    return isExcluded(metric.descriptor.name) ? undefined : withSeries(metric, isKept);
  };
  return (layout) => ({
    width: layout.width,
    resources: layout.resources.map(({ resource, scopes }) => ({
      resource,
      scopes: scopes.map(({ scope, metrics }) => ({
        scope,
        metrics: metrics.map(filter).filter((metric) => metric !== undefined),
      })),
    })),
  });
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
