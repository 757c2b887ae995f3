import {
  ABSENT,
  Batch,
  Column,
  DataPointType,
  type Metric,
  type MetricLayout,
  pointSlot,
} from "../metrics/index.ts";

/**
 * The points of a metric that no patch can bring up to date, as plain objects: exponential histograms, and whatever
 * has something in the column's extras. Undefined when there are none.
 */
export function irregularPoints(metric: MetricLayout, column: Column): Metric | undefined {
  const { extras, presence } = column;
  const all = metric.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM;
  if (!all && (extras === undefined || extras.size === 0)) return undefined;
  const indices: number[] = [];
  for (let i = 0; i < metric.attributes.length; i++) {
    const slot = pointSlot(metric, i);
    if ((all || extras?.has(slot)) && presence.at(slot) !== ABSENT) indices.push(i);
  }
  return indices.length === 0 ? undefined : metricView(pick(metric, indices), column);
}

function pick(metric: MetricLayout, indices: readonly number[]): MetricLayout {
  const of = <T>(list: readonly T[]) => indices.map((i) => list[i] as T);
  const attributes = of(metric.attributes);
  switch (metric.dataPointType) {
    case DataPointType.HISTOGRAM:
      return { ...metric, attributes, series: of(metric.series) };
    case DataPointType.SUMMARY:
      return { ...metric, attributes, series: of(metric.series) };
    default:
      return { ...metric, attributes, slots: Uint32Array.from(indices, (i) => metric.slots[i] as number) };
  }
}

/**
 * A metric as plain objects, undefined when no point is present. Other than the view of the whole batch it does not take
 * the column's arrays out of reuse: it is made of a column of its own.
 */
export function metricView(metric: MetricLayout, column: Column): Metric | undefined {
  const scopes = [{ scope: { name: "" }, metrics: [metric] }];
  const layout = { resources: [{ resource: { attributes: {} }, scopes }], width: 0 };
  return Batch.fromColumns(layout, new Column(column)).resourceMetrics[0]?.scopeMetrics[0]?.metrics[0];
}
