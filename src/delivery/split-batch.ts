import { Batch, type Layout, type MetricLayout, memoise } from "../metrics/index.ts";

/**
 * The batch in up to `count` pieces, its points in order, each piece with about as many series as the others. A layout is
 * always split the same way and gives the same layouts, so whoever prepares something for a layout can keep it.
 * @returns the batch itself where it cannot be split
 */
export function splitBatch(batch: Batch, count: number): readonly Batch[] {
  const { layout, column } = batch;
  const layouts = pieces(layout)(Math.min(count, seriesOf(layout)));
  if (layouts.length <= 1) return [batch];
  const parts = layouts.map((piece) => Batch.fromColumns(piece, column));
  return parts.filter(({ pointCount }) => pointCount > 0);
}

function seriesOf({ resources }: Layout): number {
  let series = 0;
  for (const { scopes } of resources) {
    for (const { metrics } of scopes) for (const { attributes } of metrics) series += attributes.length;
  }
  return series;
}

const pieces = memoise((layout: Layout) => {
  const known = new Map<number, readonly Layout[]>();
  return (count: number): readonly Layout[] => {
    let layouts = known.get(count);
    if (layouts === undefined) {
      const total = seriesOf(layout);
      layouts = Array.from({ length: count }, (_, i) =>
        cut(layout, Math.floor((i * total) / count), Math.floor(((i + 1) * total) / count)),
      );
      known.set(count, layouts);
    }
    return layouts;
  };
});

/** The series from `from` up to, not including, `to`; what is empty without them is left out. */
function cut({ resources, width }: Layout, from: number, to: number): Layout {
  let at = 0;
  const cutMetric = (metric: MetricLayout): MetricLayout[] => {
    const start = Math.max(0, from - at);
    const end = Math.min(metric.attributes.length, to - at);
    at += metric.attributes.length;
    if (end <= start) return [];
    if (start === 0 && end === metric.attributes.length) return [metric];
    const attributes = metric.attributes.slice(start, end);
    return "slots" in metric
      ? [{ ...metric, attributes, slots: metric.slots.slice(start, end) }]
      : [{ ...metric, attributes, series: metric.series.slice(start, end) } as MetricLayout];
  };
  const cutResources = resources.map(({ resource, scopes }) => ({
    resource,
    scopes: scopes
      .map(({ scope, metrics }) => ({ scope, metrics: metrics.flatMap(cutMetric) }))
      .filter(({ metrics }) => metrics.length > 0),
  }));
  return { resources: cutResources.filter(({ scopes }) => scopes.length > 0), width };
}
