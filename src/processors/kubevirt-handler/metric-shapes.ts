import {
  AggregationTemporality,
  type Attributes,
  DataPointType,
  type HistogramMetricLayout,
  type MetricDescriptor,
  type MetricLayout,
  memoise,
  type NumberMetricLayout,
  ValueType,
} from "../../metrics/index.ts";
import type { DocumentedFamily, DocumentedMetric } from "./documented-set.ts";
import type { ExtraType } from "./extra-metrics.ts";
import type { MetricShape, PointPlace } from "./layout-writer.ts";

/** A documented gauge or count. The kind is the documented one even where the source does not know better. */
export function numberShape(metric: NumberMetricLayout, family: DocumentedFamily): MetricShape {
  const wasCount = metric.dataPointType === DataPointType.SUM;
  const isCount = family.kind === "count";
  const { CUMULATIVE, UNSPECIFIED } = AggregationTemporality;
  return {
    descriptor: descriptorOf(family),
    dataPointType: isCount ? DataPointType.SUM : DataPointType.GAUGE,
    isMonotonic: isCount,
    aggregationTemporality: !isCount ? UNSPECIFIED : wasCount ? metric.aggregationTemporality : CUMULATIVE,
    // It tells the type at the source, which would contradict the new one.
    ...(wasCount === isCount && metric.metadata && { metadata: metric.metadata }),
  };
}

/** Only what belongs to the shape: layouts are given as shapes too. */
export function shapeOf(shape: MetricShape): MetricShape {
  const { descriptor, aggregationTemporality, isMonotonic, dataPointType, metadata } = shape;
  return { descriptor, aggregationTemporality, isMonotonic, dataPointType, ...(metadata && { metadata }) };
}

export function isRunningTotal(shape: MetricShape): boolean {
  if (shape.aggregationTemporality !== AggregationTemporality.CUMULATIVE) return false;
  return shape.dataPointType === DataPointType.SUM
    ? shape.isMonotonic
    : shape.dataPointType !== DataPointType.SUMMARY && shape.dataPointType !== DataPointType.GAUGE;
}

export function typeOf({ dataPointType, isMonotonic }: MetricLayout): ExtraType {
  switch (dataPointType) {
    case DataPointType.SUM:
      return isMonotonic ? "counter" : "gauge";
    case DataPointType.GAUGE:
      return "gauge";
    case DataPointType.SUMMARY:
      return "summary";
    default:
      return "histogram";
  }
}

const strippedOf = memoise((_: Attributes) => new Map<string, Attributes>());

/** The same object for the same labels of the same series. */
export function withoutLabels(source: Attributes, labels: readonly string[]): Attributes {
  const known = strippedOf(source);
  const key = labels.join();
  let stripped = known.get(key);
  if (stripped === undefined) {
    const kept = Object.entries(source).filter(([label]) => !labels.includes(label));
    stripped = Object.freeze(Object.fromEntries(kept));
    known.set(key, stripped);
  }
  return stripped;
}

export function isNumber(metric: MetricLayout): metric is NumberMetricLayout {
  return metric.dataPointType === DataPointType.GAUGE || metric.dataPointType === DataPointType.SUM;
}

export function isHistogram(metric: MetricLayout): metric is HistogramMetricLayout {
  return metric.dataPointType === DataPointType.HISTOGRAM;
}

export function placesOf(metric: MetricLayout): readonly PointPlace[] {
  return "slots" in metric ? Array.from(metric.slots) : metric.series;
}

export function descriptorOf({
  name,
  description,
  unit,
}: DocumentedMetric | DocumentedFamily): MetricDescriptor {
  return { name, description, unit, valueType: ValueType.DOUBLE };
}
