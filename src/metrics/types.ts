/**
 * The public view of metrics data: structurally the types of `@opentelemetry/sdk-metrics`, so that an SDK batch is
 * a batch of ours, widened where OTLP has more (summaries, point flags, exemplars, metadata, scope attributes,
 * 64-bit integers). Everything is readonly: nobody writes to a batch after handing it on.
 *
 * Source of the rules: opentelemetry-proto metrics/v1/metrics.proto.
 */

/** Values are strings, numbers, bigints, booleans, Uint8Array, null, arrays or plain objects of these (OTLP AnyValue). */
export interface Attributes {
  readonly [key: string]: unknown;
}

/** Seconds and nanoseconds since the Unix epoch; `[0, 0]` is "unknown". */
export type HrTime = readonly [seconds: number, nanoseconds: number] | [number, number];

export const DataPointType = {
  HISTOGRAM: 0,
  EXPONENTIAL_HISTOGRAM: 1,
  GAUGE: 2,
  SUM: 3,
  SUMMARY: 4,
} as const;
export type DataPointType = (typeof DataPointType)[keyof typeof DataPointType];

export const AggregationTemporality = { DELTA: 0, CUMULATIVE: 1, UNSPECIFIED: 2 } as const;
export type AggregationTemporality = (typeof AggregationTemporality)[keyof typeof AggregationTemporality];

export const ValueType = { INT: 0, DOUBLE: 1 } as const;
export type ValueType = (typeof ValueType)[keyof typeof ValueType];

/** DataPointFlags of OTLP: the series has no value at this time (a Prometheus staleness marker). */
export const NO_RECORDED_VALUE = 1;

export interface Resource {
  readonly attributes: Attributes;
  readonly schemaUrl?: string;
  readonly droppedAttributesCount?: number;
}

export interface InstrumentationScope {
  readonly name: string;
  readonly version?: string;
  readonly schemaUrl?: string;
  readonly attributes?: Attributes;
  readonly droppedAttributesCount?: number;
}

export interface MetricDescriptor {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  /** What a plain number in a point means; a bigint is always an integer. */
  readonly valueType: ValueType;
}

export interface Exemplar {
  readonly time: HrTime;
  readonly value: number | bigint;
  readonly filteredAttributes: Attributes;
  /** Lower-case hex, 32 and 16 digits. */
  readonly traceId?: string;
  readonly spanId?: string;
}

export interface DataPoint<Value> {
  /** `[0, 0]` when the source did not say. */
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly attributes: Attributes;
  /** Meaningless (NaN, zero counts) when `flags` has NO_RECORDED_VALUE. */
  readonly value: Value;
  readonly flags?: number;
  readonly exemplars?: readonly Exemplar[];
  /** Overrides the descriptor's, for OTLP input that mixes integers and doubles in one metric. */
  readonly valueType?: ValueType;
}

export type Count = number | bigint;

export interface HistogramValue {
  /** `counts` has one entry more than `boundaries`; both empty means "no buckets". Counts are per bucket, not cumulative. */
  readonly buckets: { readonly boundaries: readonly number[]; readonly counts: readonly Count[] };
  readonly count: Count;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
}

export interface ExponentialBuckets {
  readonly offset: number;
  readonly bucketCounts: readonly Count[];
}

export interface ExponentialHistogramValue {
  readonly count: Count;
  readonly sum?: number;
  readonly scale: number;
  readonly zeroCount: Count;
  readonly zeroThreshold?: number;
  readonly positive: ExponentialBuckets;
  readonly negative: ExponentialBuckets;
  readonly min?: number;
  readonly max?: number;
}

export interface SummaryValue {
  readonly count: Count;
  readonly sum: number;
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
}

interface BaseMetric {
  readonly descriptor: MetricDescriptor;
  readonly aggregationTemporality: AggregationTemporality;
  /** `metric.metadata` of OTLP, such as `prometheus.type`. */
  readonly metadata?: Attributes;
}

export interface GaugeMetric extends BaseMetric {
  readonly dataPointType: typeof DataPointType.GAUGE;
  readonly dataPoints: readonly DataPoint<number | bigint>[];
}

export interface SumMetric extends BaseMetric {
  readonly dataPointType: typeof DataPointType.SUM;
  readonly isMonotonic: boolean;
  readonly dataPoints: readonly DataPoint<number | bigint>[];
}

export interface HistogramMetric extends BaseMetric {
  readonly dataPointType: typeof DataPointType.HISTOGRAM;
  readonly dataPoints: readonly DataPoint<HistogramValue>[];
}

export interface ExponentialHistogramMetric extends BaseMetric {
  readonly dataPointType: typeof DataPointType.EXPONENTIAL_HISTOGRAM;
  readonly dataPoints: readonly DataPoint<ExponentialHistogramValue>[];
}

export interface SummaryMetric extends BaseMetric {
  readonly dataPointType: typeof DataPointType.SUMMARY;
  readonly dataPoints: readonly DataPoint<SummaryValue>[];
}

export type Metric = GaugeMetric | SumMetric | HistogramMetric | ExponentialHistogramMetric | SummaryMetric;

export interface ScopeMetrics {
  readonly scope: InstrumentationScope;
  readonly metrics: readonly Metric[];
}

export interface ResourceMetrics {
  readonly resource: Resource;
  readonly scopeMetrics: readonly ScopeMetrics[];
}

/** What custom code sees of a batch. An SDK `ResourceMetrics[]` is assignable to it. */
export type MetricsBatch = readonly ResourceMetrics[];
