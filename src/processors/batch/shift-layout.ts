import {
  type HistogramSlots,
  type Layout,
  type MetricLayout,
  memoise,
  type ResourceLayout,
  type SummarySlots,
} from "../../metrics/index.ts";

const shifted = memoise((_layout: Layout) => new Map<number, readonly ResourceLayout[]>());

/** The resources of a layout with all slots moved by `offset`; the same objects again for the same arguments. */
export function shiftLayout(layout: Layout, offset: number): readonly ResourceLayout[] {
  if (offset === 0) return layout.resources;
  const known = shifted(layout);
  let resources = known.get(offset);
  if (resources === undefined) {
    resources = layout.resources.map(({ resource, scopes }) => ({
      resource,
      scopes: scopes.map(({ scope, metrics }) => ({
        scope,
        metrics: metrics.map((metric) => shiftMetric(metric, offset)),
      })),
    }));
    known.set(offset, resources);
  }
  return resources;
}

function shiftMetric(metric: MetricLayout, offset: number): MetricLayout {
  if ("slots" in metric) return { ...metric, slots: metric.slots.map((slot) => slot + offset) };
  const series = metric.series.map((one) => shiftComposite(one, offset));
  return { ...metric, series } as MetricLayout;
}

function shiftComposite(slots: HistogramSlots | SummarySlots, offset: number): HistogramSlots | SummarySlots {
  const common = { count: slots.count + offset, sum: slots.sum < 0 ? -1 : slots.sum + offset };
  return "buckets" in slots
    ? { ...slots, ...common, buckets: slots.buckets.map((slot) => slot + offset) }
    : { ...slots, ...common, values: slots.values.map((slot) => slot + offset) };
}
