import type { Attributes, MetricLayout } from "../metrics/index.ts";

/** The metric with some of its points only, in the order of `indices`; their attributes may be others. */
export function pickPoints(
  metric: MetricLayout,
  indices: readonly number[],
  attributes: readonly Attributes[] = indices.map((i) => metric.attributes[i] as Attributes),
): MetricLayout {
  const at = <Item>(items: readonly Item[]) => indices.map((i) => items[i] as Item);
  if ("slots" in metric) {
    // Not Uint32Array.from, which takes a microsecond even for one.
    const slots = new Uint32Array(indices.length);
    for (let i = 0; i < indices.length; i++) slots[i] = metric.slots[indices[i] as number] as number;
    return { ...metric, attributes, slots };
  }
  // The kinds differ in their series; each keeps its own.
  return metric.dataPointType === 0
    ? { ...metric, attributes, series: at(metric.series) }
    : { ...metric, attributes, series: at(metric.series) };
}

/** The points of all metrics under what the first is. All are of its kind. */
export function joinPoints(metrics: readonly MetricLayout[]): MetricLayout {
  const [first] = metrics as [MetricLayout, ...MetricLayout[]];
  if (metrics.length === 1) return first;
  const attributes = metrics.flatMap((metric) => metric.attributes);
  if ("slots" in first) {
    const slots = new Uint32Array(attributes.length);
    let length = 0;
    for (const metric of metrics) {
      if (!("slots" in metric)) continue;
      slots.set(metric.slots, length);
      length += metric.slots.length;
    }
    return { ...first, attributes, slots };
  }
  const series = metrics.flatMap((metric) => ("series" in metric ? [...metric.series] : []));
  return { ...first, attributes, series } as MetricLayout;
}

/** A text that is equal for metrics whose points may stand together: all but descriptions and metadata are the same. */
export function metricIdentity({
  descriptor: { name, unit, valueType },
  dataPointType,
  aggregationTemporality,
  isMonotonic,
}: MetricLayout): string {
  return JSON.stringify([name, unit, valueType, dataPointType, aggregationTemporality, isMonotonic]);
}
