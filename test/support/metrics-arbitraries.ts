import fc from "fast-check";
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
  type SummaryValue,
  ValueType,
} from "../../src/metrics/index.ts";

/*
 * Arbitrary metrics data in the one form that decoding gives: optional fields are absent rather than empty, integers are
 * bigints only beyond 2^53, a stale point has no value, a metric has points.
 */

/** Objects as literals make them. */
const plain = { noNullPrototype: true } as const;

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const nonEmpty = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 });
const double = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1.5, Number.NaN, Infinity, -Infinity));
const bigUnsafe = fc.oneof(fc.bigInt(2n ** 53n, 2n ** 63n - 1n), fc.bigInt(-(2n ** 63n), -(2n ** 53n)));
const count = fc.oneof(
  { weight: 6, arbitrary: fc.nat(5000) },
  { weight: 1, arbitrary: fc.maxSafeNat() },
  { weight: 1, arbitrary: fc.bigInt(2n ** 53n, 2n ** 64n - 1n) },
);

const scalar = fc.oneof(
  text,
  fc.boolean(),
  fc.maxSafeInteger(),
  double,
  bigUnsafe,
  fc.uint8Array({ maxLength: 5 }),
  fc.constant(null),
);

function dictionary(value: fc.Arbitrary<unknown>, minKeys = 0): fc.Arbitrary<Attributes> {
  return fc.dictionary(fc.oneof(text, fc.constant("__proto__")), value, {
    minKeys,
    maxKeys: 4,
    noNullPrototype: true,
  });
}

const anyValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, depthSize: "small" },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    dictionary(tie("value")),
  ),
})).value;

export const attributes = dictionary(fc.oneof({ weight: 4, arbitrary: text }, anyValue));

const time: fc.Arbitrary<HrTime> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<HrTime>([1_764_000_000, 123_456_789]) },
  fc.tuple(fc.integer({ min: 1, max: 9_000_000_000 }), fc.integer({ min: 0, max: 999_999_999 })),
);
const startTime: fc.Arbitrary<HrTime> = fc.oneof(fc.constant<HrTime>([0, 0]), time);

const exemplar: fc.Arbitrary<Exemplar> = fc.record(
  {
    time,
    value: fc.oneof(double, fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)),
    filteredAttributes: attributes,
    traceId: fc.stringMatching(/^[0-9a-f]{32}$/),
    spanId: fc.stringMatching(/^[0-9a-f]{16}$/),
  },
  { requiredKeys: ["time", "value", "filteredAttributes"], noNullPrototype: true },
) as fc.Arbitrary<Exemplar>;

/** `stale` is what a point of the kind has for a value when none was recorded. */
function point<Value>(value: fc.Arbitrary<Value>, stale: (value: Value) => Value, exemplars = true) {
  return fc
    .record(
      {
        startTime,
        endTime: time,
        attributes,
        value,
        flags: fc.integer({ min: 1, max: 7 }),
        ...(exemplars && { exemplars: fc.array(exemplar, { minLength: 1, maxLength: 2 }) }),
      },
      { requiredKeys: ["startTime", "endTime", "attributes", "value"], noNullPrototype: true },
    )
    .map((generated) => {
      const it = generated as DataPoint<Value>;
      return ((it.flags ?? 0) & NO_RECORDED_VALUE) === 0 ? it : { ...it, value: stale(it.value) };
    });
}

const points = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 4 });

const numberPoint = point<number | bigint>(
  fc.oneof(double, fc.maxSafeInteger(), bigUnsafe),
  () => Number.NaN,
);

/** Buckets add up to the count, as they have to. */
const histogramValue: fc.Arbitrary<HistogramValue> = fc
  .record(
    {
      boundaries: fc.uniqueArray(fc.double({ noNaN: true }), { maxLength: 4 }),
      counts: fc.oneof(
        fc.array(fc.nat(2 ** 40), { minLength: 5, maxLength: 5 }),
        fc.array(fc.bigInt(2n ** 53n, 2n ** 60n), { minLength: 5, maxLength: 5 }),
      ),
      noBuckets: fc.boolean(),
      sum: double,
      min: double,
      max: double,
    },
    { requiredKeys: ["boundaries", "counts", "noBuckets"], noNullPrototype: true },
  )
  .map(({ boundaries, counts, noBuckets, ...rest }) => {
    const own: (number | bigint)[] = counts.slice(0, boundaries.length + 1);
    const total = own.reduce<bigint>((sum, n) => sum + BigInt(n), 0n);
    const sorted = boundaries.sort((a, b) => a - b);
    return {
      ...rest,
      count: total > Number.MAX_SAFE_INTEGER ? total : Number(total),
      buckets: noBuckets ? { boundaries: [], counts: [] } : { boundaries: sorted, counts: own },
    } as HistogramValue;
  });

function staleHistogram({ buckets }: HistogramValue): HistogramValue {
  const { boundaries } = buckets;
  return {
    count: 0,
    buckets: { boundaries, counts: boundaries.length === 0 ? [] : [0, ...boundaries.map(() => 0)] },
  };
}

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const buckets = fc.record({ offset: int32, bucketCounts: fc.array(count, { maxLength: 4 }) }, plain);

const exponentialValue = fc.record(
  {
    count,
    scale: fc.oneof(fc.integer({ min: -10, max: 20 }), int32),
    zeroCount: count,
    positive: buckets,
    negative: buckets,
    sum: double,
    min: double,
    max: double,
    zeroThreshold: fc.double({ noNaN: true }).filter((n) => n !== 0),
  },
  { requiredKeys: ["count", "scale", "zeroCount", "positive", "negative"], noNullPrototype: true },
) as fc.Arbitrary<ExponentialHistogramValue>;

const summaryValue: fc.Arbitrary<SummaryValue> = fc.record(
  {
    count: fc.maxSafeNat(),
    sum: double,
    quantiles: fc.array(fc.record({ quantile: double, value: double }, plain), { maxLength: 3 }),
  },
  plain,
);

function staleSummary({ quantiles }: SummaryValue): SummaryValue {
  return { count: 0, sum: 0, quantiles: quantiles.map(({ quantile }) => ({ quantile, value: 0 })) };
}

const head = fc.record({ name: nonEmpty, description: text, unit: text }, plain);
const metadata = dictionary(text, 1);
const temporality = fc.constantFrom(...Object.values(AggregationTemporality));

const numberMetric = fc
  .record(
    {
      head,
      metadata,
      dataPoints: points(fc.tuple(numberPoint, fc.constantFrom(ValueType.INT, ValueType.DOUBLE))),
      sum: fc.record({ aggregationTemporality: temporality, isMonotonic: fc.boolean() }, plain),
    },
    { requiredKeys: ["head", "dataPoints"], noNullPrototype: true },
  )
  .map(({ head, metadata, dataPoints, sum }) => {
    // An integer type suits only a value that is an integer; the type of the first value is the metric's.
    const typed = dataPoints.map(([it, wanted]) => {
      const stale = ((it.flags ?? 0) & NO_RECORDED_VALUE) !== 0;
      const { value } = it;
      const integer =
        typeof value === "bigint" ||
        (wanted === ValueType.INT && Number.isSafeInteger(value) && !Object.is(value, -0));
      return { it, type: stale ? undefined : integer ? ValueType.INT : ValueType.DOUBLE };
    });
    const valueType = typed.find(({ type }) => type !== undefined)?.type ?? ValueType.DOUBLE;
    return {
      descriptor: { ...head, valueType },
      dataPointType: sum === undefined ? DataPointType.GAUGE : DataPointType.SUM,
      ...(sum ?? { aggregationTemporality: AggregationTemporality.UNSPECIFIED }),
      ...(metadata && { metadata }),
      dataPoints: typed.map(({ it, type }) =>
        type === undefined || type === valueType ? it : { ...it, valueType: type },
      ),
    } as unknown as Metric;
  });

function metricOf(
  dataPointType: DataPointType,
  dataPoints: fc.Arbitrary<readonly unknown[]>,
  aggregationTemporality: fc.Arbitrary<AggregationTemporality>,
): fc.Arbitrary<Metric> {
  return fc
    .record(
      { head, metadata, dataPoints, aggregationTemporality },
      { requiredKeys: ["head", "dataPoints", "aggregationTemporality"], noNullPrototype: true },
    )
    .map(
      ({ head, ...rest }) =>
        ({
          ...rest,
          dataPointType,
          descriptor: { ...head, valueType: ValueType.DOUBLE },
        }) as unknown as Metric,
    );
}

export const metric: fc.Arbitrary<Metric> = fc.oneof(
  { weight: 3, arbitrary: numberMetric },
  metricOf(DataPointType.HISTOGRAM, points(point(histogramValue, staleHistogram)), temporality),
  metricOf(DataPointType.EXPONENTIAL_HISTOGRAM, points(point(exponentialValue, (it) => it)), temporality),
  metricOf(
    DataPointType.SUMMARY,
    points(point(summaryValue, staleSummary, false)),
    fc.constant(AggregationTemporality.UNSPECIFIED),
  ),
);

const dropped = fc.integer({ min: 1, max: 2 ** 32 - 1 });

export const metricsBatch: fc.Arbitrary<MetricsBatch> = fc.array(
  fc.record(
    {
      resource: fc.record(
        { attributes, schemaUrl: nonEmpty, droppedAttributesCount: dropped },
        { requiredKeys: ["attributes"], noNullPrototype: true },
      ),
      scopeMetrics: fc.array(
        fc.record(
          {
            scope: fc.record(
              {
                name: text,
                version: nonEmpty,
                schemaUrl: nonEmpty,
                attributes: dictionary(text, 1),
                droppedAttributesCount: dropped,
              },
              { requiredKeys: ["name"], noNullPrototype: true },
            ),
            metrics: fc.array(metric, { minLength: 1, maxLength: 3 }),
          },
          plain,
        ),
        { minLength: 1, maxLength: 2 },
      ),
    },
    plain,
  ),
  { maxLength: 2 },
) as fc.Arbitrary<MetricsBatch>;
