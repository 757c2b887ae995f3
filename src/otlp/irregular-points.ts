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
  return indices.length === 0 ? undefined : materialise(pick(metric, indices), column);
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

/** A column of its own: the view would take the arrays of the given one out of reuse. */
function materialise(metric: MetricLayout, column: Column): Metric | undefined {
  const scopes = [{ scope: { name: "" }, metrics: [metric] }];
  const layout = { resources: [{ resource: { attributes: {} }, scopes }], width: 0 };
  return Batch.fromColumns(layout, new Column(column)).resourceMetrics[0]?.scopeMetrics[0]?.metrics[0];
}
