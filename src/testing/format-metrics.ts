import {
  AggregationTemporality,
  type Attributes,
  type DataPoint,
  DataPointType,
  type Exemplar,
  type ExponentialHistogramValue,
  type HistogramValue,
  type HrTime,
  type Metric,
  type MetricsBatch,
  NO_RECORDED_VALUE,
  type ResourceMetrics,
  type SummaryValue,
} from "../metrics/index.ts";

export interface FormatOptions {
  /** Times are printed as distances from this one, in milliseconds since the epoch. Without it they are left out. */
  readonly epochMs?: number;
}

/**
 * Metrics as text for people and for expectations: one line a resource, metric and point, sorted, so that equal
 * metrics give equal text whatever the order of their parts.
 *
 *     resource service.name="virt-handler"
 *       kubevirt_handler.vmi.cpu_usage_seconds.count sum delta monotonic s
 *         {name="vm-1"} 12.5 start=30s time=60s
 */
export function formatMetrics(batches: MetricsBatch, options: FormatOptions = {}): string {
  const resources = Map.groupBy(batches, ({ resource }) =>
    `resource ${formatAttributes(resource.attributes, " ")}`.trimEnd(),
  );
  return sorted([...resources].map(([head, members]) => `${head}\n${formatMembers(members, options)}`)).join(
    "",
  );
}

function formatMembers(members: readonly ResourceMetrics[], options: FormatOptions): string {
  const metrics = members.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  const heads = Map.groupBy(metrics, formatHead);
  return sorted(
    [...heads].map(([head, same]) => {
      const points = same.flatMap((metric) => metric.dataPoints.map((point) => formatPoint(point, options)));
      return `  ${head}\n${sorted(points).join("")}`;
    }),
  ).join("");
}

const KINDS = ["histogram", "exponential_histogram", "gauge", "sum", "summary"] as const;

function formatHead(metric: Metric): string {
  const { descriptor, dataPointType, aggregationTemporality } = metric;
  const temporality = aggregationTemporality === AggregationTemporality.DELTA ? "delta" : "cumulative";
  const timed = dataPointType !== DataPointType.GAUGE && dataPointType !== DataPointType.SUMMARY;
  return [
    descriptor.name,
    KINDS[dataPointType],
    ...(timed ? [temporality] : []),
    ...(dataPointType === DataPointType.SUM && metric.isMonotonic ? ["monotonic"] : []),
    ...(descriptor.unit === "" ? [] : [descriptor.unit]),
  ].join(" ");
}

function formatPoint(point: DataPoint<unknown>, { epochMs }: FormatOptions): string {
  const stale = ((point.flags ?? 0) & NO_RECORDED_VALUE) !== 0;
  const times =
    epochMs === undefined
      ? []
      : [
          ...(point.startTime[0] === 0 ? [] : [`start=${formatTime(point.startTime, epochMs)}`]),
          `time=${formatTime(point.endTime, epochMs)}`,
        ];
  const value = stale ? "stale" : formatValue(point.value);
  const exemplars = point.exemplars?.length ? [formatExemplars(point.exemplars)] : [];
  return `    {${formatAttributes(point.attributes, ",")}} ${[value, ...exemplars, ...times].join(" ")}\n`;
}

/** `exemplars=[{user="a"} 0.5 trace=…]` */
function formatExemplars(exemplars: readonly Exemplar[]): string {
  const texts = exemplars.map(({ filteredAttributes, value, traceId, spanId }) =>
    [
      `{${formatAttributes(filteredAttributes, ",")}} ${formatNumber(value)}`,
      ...(traceId === undefined ? [] : [`trace=${traceId}`]),
      ...(spanId === undefined ? [] : [`span=${spanId}`]),
    ].join(" "),
  );
  return `exemplars=[${texts.join(", ")}]`;
}

function formatValue(value: unknown): string {
  if (typeof value !== "object" || value === null) return formatNumber(value as number | bigint);
  if ("buckets" in value) return formatHistogram(value as HistogramValue);
  if ("quantiles" in value) return formatSummary(value as SummaryValue);
  return formatExponential(value as ExponentialHistogramValue);
}

function formatHistogram({ count, sum, min, max, buckets }: HistogramValue): string {
  const parts = buckets.counts.map(
    (n, i) => `${formatNumber(buckets.boundaries[i] ?? Number.POSITIVE_INFINITY)}:${n}`,
  );
  return `count=${count}${given({ sum, min, max })} buckets=[${parts.join(" ")}]`;
}

function formatSummary({ count, sum, quantiles }: SummaryValue): string {
  const parts = quantiles.map(({ quantile, value }) => `${quantile}:${formatNumber(value)}`);
  return `count=${count} sum=${formatNumber(sum)} quantiles=[${parts.join(" ")}]`;
}

function formatExponential(value: ExponentialHistogramValue): string {
  const buckets = ({ offset, bucketCounts }: ExponentialHistogramValue["positive"]) =>
    `${offset}:[${bucketCounts.join(" ")}]`;
  const { sum, min, max } = value;
  return `count=${value.count}${given({ sum, min, max })} scale=${value.scale} zero=${value.zeroCount} positive=${buckets(value.positive)} negative=${buckets(value.negative)}`;
}

function given(numbers: Readonly<Record<string, number | undefined>>): string {
  return Object.entries(numbers)
    .map(([name, number]) => (number === undefined ? "" : ` ${name}=${formatNumber(number)}`))
    .join("");
}

function formatNumber(value: number | bigint): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}

function formatAttributes(attributes: Attributes, separator: string): string {
  return Object.entries(attributes)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${formatAttribute(value)}`)
    .join(separator);
}

/** JSON but for what it has not: large integers, bytes (in hex), NaN and infinities. */
function formatAttribute(value: unknown): string {
  if (typeof value === "bigint" || typeof value === "number") return formatNumber(value);
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString("hex")}`;
  if (Array.isArray(value)) return `[${value.map(formatAttribute).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  return `{${Object.entries(value)
    .map(([key, inner]) => `${JSON.stringify(key)}:${formatAttribute(inner)}`)
    .join(",")}}`;
}

function formatTime([seconds, nanoseconds]: HrTime, epochMs: number): string {
  return `${(seconds * 1000 + nanoseconds / 1e6 - epochMs) / 1000}s`;
}

function sorted(texts: readonly string[]): string[] {
  return texts.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
