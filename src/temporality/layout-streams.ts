import {
  type AggregationTemporality,
  type Attributes,
  DataPointType,
  type InstrumentationScope,
  type Layout,
  type MetricLayout,
  memoise,
  metricsOf,
  type Resource,
} from "../metrics/index.ts";
import { seriesKey } from "./series-key.ts";
import type { HistogramStreams, LayoutStreams, NumberStreams } from "./streams.ts";

/** A layout and the streams in it. */
export interface StreamedLayout {
  readonly layout: Layout;
  readonly streams: LayoutStreams;
}

/**
 * Makes streams of the metrics that `select` chooses. A stream is known by what OpenTelemetry makes its identity:
 * resource, scope, name, unit, kind and the attributes of the point.
 * @param temporality what the chosen metrics have in the resulting layout; as it was by default
 */
export function streamLayout(
  layout: Layout,
  select: (metric: MetricLayout) => boolean,
  temporality?: AggregationTemporality,
): StreamedLayout {
  const chosen = new Set<MetricLayout>();
  const numbers: NumberStreams[] = [];
  const histograms: HistogramStreams[] = [];
  const exponentials: NumberStreams[] = [];
  for (const { resource, scope, metric } of metricsOf(layout)) {
    if (!select(metric)) continue;
    chosen.add(metric);
    const stream = { metric: metricKey(resource, scope, metric), series: metric.attributes.map(seriesKey) };
    switch (metric.dataPointType) {
      case DataPointType.GAUGE:
      case DataPointType.SUM:
        numbers.push({ ...stream, slots: metric.slots });
        break;
      case DataPointType.EXPONENTIAL_HISTOGRAM:
        exponentials.push({ ...stream, slots: metric.slots });
        break;
      case DataPointType.HISTOGRAM:
        histograms.push({ ...stream, histograms: metric.series, whole: true });
        break;
      case DataPointType.SUMMARY:
        histograms.push({
          ...stream,
          histograms: metric.series.map(({ count, sum }) => ({ count, sum, ...NO_BUCKETS })),
          whole: true,
        });
    }
  }
  return {
    layout: temporality === undefined ? layout : withTemporality(layout, chosen, temporality),
    streams: { width: layout.width, numbers, histograms, exponentials },
  };
}

const NO_BUCKETS = { buckets: new Uint32Array(0), bounds: [] };

const attributesKey = memoise((attributes: Attributes) => `${seriesKey(attributes)}\n`);

function metricKey(
  resource: Resource,
  { name, version = "", attributes = {} }: InstrumentationScope,
  metric: MetricLayout,
): string {
  const { descriptor, dataPointType, isMonotonic } = metric;
  const own = [name, version, descriptor.name, descriptor.unit, dataPointType, isMonotonic];
  return attributesKey(resource.attributes) + attributesKey(attributes) + JSON.stringify(own);
}

function withTemporality(
  layout: Layout,
  chosen: ReadonlySet<MetricLayout>,
  aggregationTemporality: AggregationTemporality,
): Layout {
  if (chosen.size === 0) return layout;
  return {
    width: layout.width,
    resources: layout.resources.map(({ resource, scopes }) => ({
      resource,
      scopes: scopes.map(({ scope, metrics }) => ({
        scope,
        metrics: metrics.map((metric) =>
          chosen.has(metric) ? { ...metric, aggregationTemporality } : metric,
        ),
      })),
    })),
  };
}
