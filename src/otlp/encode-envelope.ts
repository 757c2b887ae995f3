import {
  AggregationTemporality,
  type Attributes,
  DataPointType,
  type InstrumentationScope,
  type MetricDescriptor,
  type Resource,
} from "../metrics/index.ts";
import { writeAttributes } from "./encode-attributes.ts";
import type { WireWriter } from "./wire-writer.ts";

/** Tag of the one-of field of a Metric that holds its data. */
const DATA_TAGS: { readonly [Type in DataPointType]: number } = {
  [DataPointType.GAUGE]: 0x2a,
  [DataPointType.SUM]: 0x3a,
  [DataPointType.HISTOGRAM]: 0x4a,
  [DataPointType.EXPONENTIAL_HISTOGRAM]: 0x52,
  [DataPointType.SUMMARY]: 0x5a,
};

/** Field `data_points`, the same in all kinds of data. */
export const DATA_POINT = 0x0a;

interface MetricHead {
  readonly descriptor: MetricDescriptor;
  readonly aggregationTemporality: AggregationTemporality;
  readonly dataPointType: DataPointType;
  readonly isMonotonic?: boolean;
  readonly metadata?: Attributes;
}

interface ScopeNode<M> {
  readonly scope: InstrumentationScope;
  readonly metrics: readonly M[];
}

interface Tree<R, M> {
  readonly resources: readonly R[];
  readonly scopesOf: (resource: R) => readonly ScopeNode<M>[];
  /** Writes one metric with {@link writeMetric} and returns the number of its points. */
  readonly metric: (metric: M) => number;
}

/**
 * Writes an ExportMetricsServiceRequest and returns the number of its points. What holds no points (a metric, then its
 * scope, then its resource) is left out.
 */
export function writeRequest<R extends { readonly resource: Resource }, M>(
  writer: WireWriter,
  { resources, scopesOf, metric }: Tree<R, M>,
): number {
  let total = 0;
  for (let r = resources.length - 1; r >= 0; r--) {
    const node = resources[r] as R;
    const mark = writer.length;
    let points = 0;
    writer.optionalString(0x1a, node.resource.schemaUrl);
    const scopes = scopesOf(node);
    for (let s = scopes.length - 1; s >= 0; s--)
      points += writeScope(writer, scopes[s] as ScopeNode<M>, metric);
    if (points === 0) {
      writer.rewind(mark);
      continue;
    }
    writeResource(writer, node.resource);
    writer.delimited(0x0a, mark);
    total += points;
  }
  return total;
}

function writeScope<M>(
  writer: WireWriter,
  { scope, metrics }: ScopeNode<M>,
  metric: Tree<never, M>["metric"],
): number {
  const mark = writer.length;
  writer.optionalString(0x1a, scope.schemaUrl);
  let points = 0;
  for (let m = metrics.length - 1; m >= 0; m--) points += metric(metrics[m] as M);
  if (points === 0) {
    writer.rewind(mark);
    return 0;
  }
  const scopeMark = writer.length;
  writeDropped(writer, 0x20, scope.droppedAttributesCount);
  if (scope.attributes !== undefined) writeAttributes(writer, 0x1a, scope.attributes);
  writer.optionalString(0x12, scope.version);
  writer.optionalString(0x0a, scope.name);
  writer.delimited(0x0a, scopeMark);
  writer.delimited(0x12, mark);
  return points;
}

function writeResource(writer: WireWriter, { attributes, droppedAttributesCount }: Resource): void {
  const mark = writer.length;
  writeDropped(writer, 0x10, droppedAttributesCount);
  writeAttributes(writer, 0x0a, attributes);
  writer.delimited(0x0a, mark);
}

function writeDropped(writer: WireWriter, tag: number, count: number | undefined): void {
  if (!count) return;
  writer.varint(count);
  writer.byte(tag);
}

/** Writes a Metric around the points that `writePoints` writes and counts. */
export function writeMetric(writer: WireWriter, metric: MetricHead, writePoints: () => number): number {
  const mark = writer.length;
  if (metric.metadata !== undefined) writeAttributes(writer, 0x62, metric.metadata);
  const dataMark = writer.length;
  const { dataPointType, descriptor } = metric;
  if (dataPointType === DataPointType.SUM && metric.isMonotonic) {
    writer.byte(1);
    writer.byte(0x18);
  }
  if (dataPointType !== DataPointType.GAUGE && dataPointType !== DataPointType.SUMMARY) {
    const temporality = protoTemporality(metric.aggregationTemporality);
    if (temporality !== 0) {
      writer.byte(temporality);
      writer.byte(0x10);
    }
  }
  const points = writePoints();
  if (points === 0) {
    writer.rewind(mark);
    return 0;
  }
  writer.delimited(DATA_TAGS[dataPointType], dataMark);
  writer.optionalString(0x1a, descriptor.unit);
  writer.optionalString(0x12, descriptor.description);
  writer.optionalString(0x0a, descriptor.name);
  writer.delimited(0x12, mark);
  return points;
}

/** Numbers of the AggregationTemporality enumeration of metrics.proto. */
export function protoTemporality(temporality: AggregationTemporality): 0 | 1 | 2 {
  if (temporality === AggregationTemporality.DELTA) return 1;
  return temporality === AggregationTemporality.CUMULATIVE ? 2 : 0;
}
