import {
  AggregationTemporality,
  type Attributes,
  type DataPoint,
  DataPointType,
  type Exemplar,
  type ExponentialBuckets,
  type ExponentialHistogramValue,
  type HistogramValue,
  type Metric,
  type MetricsBatch,
  type SummaryValue,
} from "../../metrics/index.ts";
import { formatTime, formatTypedValue } from "./format-value.ts";

const TYPE_NAMES = {
  [DataPointType.GAUGE]: "Gauge",
  [DataPointType.SUM]: "Sum",
  [DataPointType.HISTOGRAM]: "Histogram",
  [DataPointType.EXPONENTIAL_HISTOGRAM]: "ExponentialHistogram",
  [DataPointType.SUMMARY]: "Summary",
} as const;

const POINT_NAMES = {
  [DataPointType.GAUGE]: "NumberDataPoints",
  [DataPointType.SUM]: "NumberDataPoints",
  [DataPointType.HISTOGRAM]: "HistogramDataPoints",
  [DataPointType.EXPONENTIAL_HISTOGRAM]: "ExponentialHistogramDataPoints",
  [DataPointType.SUMMARY]: "SummaryDataPoints",
} as const;

const TEMPORALITY_NAMES = {
  [AggregationTemporality.DELTA]: "Delta",
  [AggregationTemporality.CUMULATIVE]: "Cumulative",
  [AggregationTemporality.UNSPECIFIED]: "Unspecified",
} as const;

/** Everything in a batch as a tree, in the Collector's words; without a newline at the end. */
export function formatDetailed(batch: MetricsBatch): string {
  const lines: string[] = [];
  for (const [r, { resource, scopeMetrics }] of batch.entries()) {
    lines.push(`ResourceMetrics #${r}`, `Resource SchemaURL: ${resource.schemaUrl ?? ""}`);
    pushAttributes(lines, "Resource attributes", resource.attributes);
    for (const [s, { scope, metrics }] of scopeMetrics.entries()) {
      lines.push(`ScopeMetrics #${s}`, `ScopeMetrics SchemaURL: ${scope.schemaUrl ?? ""}`);
      lines.push(`InstrumentationScope ${scope.name} ${scope.version ?? ""}`.trimEnd());
      pushAttributes(lines, "InstrumentationScope attributes", scope.attributes ?? {});
      for (const [m, metric] of metrics.entries()) pushMetric(lines, m, metric);
    }
  }
  return lines.join("\n");
}

function pushMetric(lines: string[], index: number, metric: Metric): void {
  const { name, description, unit } = metric.descriptor;
  const type = metric.dataPointType;
  lines.push(`Metric #${index}`, "Descriptor:");
  pushItem(lines, "Name", name);
  pushItem(lines, "Description", description);
  pushItem(lines, "Unit", unit);
  pushItem(lines, "DataType", TYPE_NAMES[type]);
  if (type === DataPointType.SUM) pushItem(lines, "IsMonotonic", metric.isMonotonic);
  if (type !== DataPointType.GAUGE && type !== DataPointType.SUMMARY) {
    pushItem(lines, "AggregationTemporality", TEMPORALITY_NAMES[metric.aggregationTemporality]);
  }
  pushAttributes(lines, "Metadata", metric.metadata ?? {});
  for (const [p, point] of metric.dataPoints.entries()) {
    lines.push(`${POINT_NAMES[type]} #${p}`);
    pushAttributes(lines, "Data point attributes", point.attributes);
    lines.push(`StartTimestamp: ${formatTime(point.startTime)}`, `Timestamp: ${formatTime(point.endTime)}`);
    if (point.flags) lines.push(`Flags: ${point.flags}`);
    pushValue(lines, type, point);
    pushExemplars(lines, point.exemplars ?? []);
  }
}

function pushValue(lines: string[], type: DataPointType, { value }: DataPoint<unknown>): void {
  switch (type) {
    case DataPointType.GAUGE:
    case DataPointType.SUM:
      lines.push(`Value: ${value}`);
      return;
    case DataPointType.HISTOGRAM: {
      const { buckets, ...totals } = value as HistogramValue;
      pushTotals(lines, totals);
      for (const [i, bound] of buckets.boundaries.entries()) lines.push(`ExplicitBounds #${i}: ${bound}`);
      for (const [i, count] of buckets.counts.entries()) lines.push(`Buckets #${i}, Count: ${count}`);
      return;
    }
    case DataPointType.EXPONENTIAL_HISTOGRAM: {
      const { scale, zeroCount, positive, negative, ...totals } = value as ExponentialHistogramValue;
      pushTotals(lines, totals);
      lines.push(`Scale: ${scale}`, `ZeroCount: ${zeroCount}`);
      pushExponentialBuckets(lines, "Positive", positive);
      pushExponentialBuckets(lines, "Negative", negative);
      return;
    }
    case DataPointType.SUMMARY: {
      const { count, sum, quantiles } = value as SummaryValue;
      pushTotals(lines, { count, sum });
      for (const [i, q] of quantiles.entries()) {
        lines.push(`QuantileValue #${i}: Quantile ${q.quantile}, Value ${q.value}`);
      }
    }
  }
}

function pushTotals(
  lines: string[],
  { count, sum, min, max }: Pick<HistogramValue, "count" | "sum" | "min" | "max">,
): void {
  lines.push(`Count: ${count}`);
  if (sum !== undefined) lines.push(`Sum: ${sum}`);
  if (min !== undefined) lines.push(`Min: ${min}`);
  if (max !== undefined) lines.push(`Max: ${max}`);
}

function pushExponentialBuckets(
  lines: string[],
  sign: string,
  { offset, bucketCounts }: ExponentialBuckets,
): void {
  for (const [i, count] of bucketCounts.entries()) {
    lines.push(`${sign} bucket ${offset + i}, Count: ${count}`);
  }
}

function pushExemplars(lines: string[], exemplars: readonly Exemplar[]): void {
  for (const [i, exemplar] of exemplars.entries()) {
    lines.push(`Exemplar #${i}`);
    if (exemplar.traceId !== undefined) pushItem(lines, "Trace ID", exemplar.traceId);
    if (exemplar.spanId !== undefined) pushItem(lines, "Span ID", exemplar.spanId);
    pushItem(lines, "Timestamp", formatTime(exemplar.time));
    pushItem(lines, "Value", exemplar.value);
    pushAttributes(lines, "FilteredAttributes", exemplar.filteredAttributes);
  }
}

function pushAttributes(lines: string[], title: string, attributes: Attributes): void {
  const entries = Object.entries(attributes);
  if (entries.length === 0) return;
  lines.push(`${title}:`);
  for (const [key, value] of entries) pushItem(lines, key, formatTypedValue(value));
}

function pushItem(lines: string[], key: string, value: unknown): void {
  lines.push(`     -> ${key}: ${String(value)}`);
}
