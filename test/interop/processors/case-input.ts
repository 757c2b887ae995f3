/** Metrics of a case as they stand in its YAML, and as OTLP JSON. */

/** Seconds from {@link BASE_S}; a point starts at -60 and ends at 0 unless it says otherwise. */
const BASE_S = 1_767_225_600n;

type Plain = Readonly<Record<string, unknown>>;
/** Attributes, what it holds, and the rest: `start`, `time`, `flags`, `exemplars`. */
type PointInput = readonly [attributes: Plain, value: unknown, more?: PointMore];

interface PointMore {
  /** `null`: unknown. */
  readonly start?: number | null;
  readonly time?: number;
  readonly flags?: number;
  readonly exemplars?: readonly {
    readonly value: number;
    readonly attributes?: Plain;
    readonly trace?: string;
    readonly span?: string;
  }[];
}

/** One of `gauge`, `sum`, `histogram`, `exponential` and `summary` gives its kind and name. */
interface MetricInput {
  readonly gauge?: string;
  readonly sum?: string;
  readonly histogram?: string;
  readonly exponential?: string;
  readonly summary?: string;
  readonly unit?: string;
  readonly description?: string;
  /** Default cumulative. */
  readonly temporality?: "delta" | "cumulative";
  /** Default true. */
  readonly monotonic?: boolean;
  /** Whole numbers are integers unless this says `double`. */
  readonly as?: "double";
  readonly points: readonly PointInput[];
}

export interface ResourceInput {
  readonly resource?: Plain;
  /** Its name, or all of it. */
  readonly scope?:
    | string
    | { readonly name?: string; readonly version?: string; readonly attributes?: Plain };
  readonly metrics: readonly MetricInput[];
}

/** The request that a sender of these metrics would send. */
export function toOtlpJson(input: readonly ResourceInput[]): string {
  return JSON.stringify({
    resourceMetrics: input.map(({ resource, scope = "test", metrics }) => {
      const { attributes, ...named } = typeof scope === "string" ? { name: scope } : scope;
      return {
        resource: { attributes: keyValues(resource) },
        scopeMetrics: [
          { scope: { ...named, attributes: keyValues(attributes) }, metrics: metrics.map(toMetric) },
        ],
      };
    }),
  });
}

function toMetric(metric: MetricInput): Plain {
  const { unit = "", description = "", points } = metric;
  const aggregationTemporality = metric.temporality === "delta" ? 1 : 2;
  const data = (toValue: (value: never) => Plain) => ({
    dataPoints: points.map((point) => toPoint(point, toValue)),
  });
  const numbers = () => data((value: number) => number(value, metric.as === "double"));
  const base = (name: string) => ({ name, unit, description });
  if (metric.gauge !== undefined) return { ...base(metric.gauge), gauge: numbers() };
  if (metric.sum !== undefined) {
    const isMonotonic = metric.monotonic ?? true;
    return { ...base(metric.sum), sum: { ...numbers(), aggregationTemporality, isMonotonic } };
  }
  if (metric.histogram !== undefined) {
    const histogram = { ...data(histogramValue), aggregationTemporality };
    return { ...base(metric.histogram), histogram };
  }
  if (metric.exponential !== undefined) {
    const exponentialHistogram = { ...data(exponentialValue), aggregationTemporality };
    return { ...base(metric.exponential), exponentialHistogram };
  }
  if (metric.summary === undefined) throw new Error(`metric without a kind: ${JSON.stringify(metric)}`);
  return { ...base(metric.summary), summary: data(summaryValue) };
}

function toPoint([attributes, value, more = {}]: PointInput, toValue: (value: never) => Plain): Plain {
  const { start = -60, time = 0, flags = 0, exemplars = [] } = more;
  return {
    attributes: keyValues(attributes),
    startTimeUnixNano: start === null ? "0" : nanos(start),
    timeUnixNano: nanos(time),
    flags,
    exemplars: exemplars.map(({ value: own, attributes: filtered, trace, span }) => ({
      ...number(own, false),
      timeUnixNano: nanos(time),
      filteredAttributes: keyValues(filtered),
      ...(trace !== undefined && { traceId: trace }),
      ...(span !== undefined && { spanId: span }),
    })),
    ...toValue(value as never),
  };
}

function nanos(seconds: number): string {
  return String(BASE_S * 1_000_000_000n + BigInt(Math.round(seconds * 1000)) * 1_000_000n);
}

function number(value: number, isDouble: boolean): Plain {
  return Number.isInteger(value) && !isDouble ? { asInt: String(value) } : { asDouble: double(value) };
}

function double(value: number): number | string {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

interface HistogramInput {
  readonly bounds?: readonly number[];
  readonly counts?: readonly number[];
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  /** Default: what the buckets add up to. */
  readonly count?: number;
}

const total = (counts: readonly number[] = []) => counts.reduce((a, b) => a + b, 0);

function histogramValue({ bounds = [], counts = [], count, ...more }: HistogramInput): Plain {
  return {
    ...more,
    count: String(count ?? total(counts)),
    explicitBounds: bounds,
    bucketCounts: counts.map(String),
  };
}

interface BucketsInput {
  readonly offset?: number;
  readonly counts: readonly number[];
}

interface ExponentialInput extends Omit<HistogramInput, "bounds" | "counts"> {
  readonly scale: number;
  readonly zero?: number;
  readonly threshold?: number;
  readonly positive?: BucketsInput;
  readonly negative?: BucketsInput;
}

function exponentialValue(value: ExponentialInput): Plain {
  const { scale, zero = 0, threshold = 0, positive, negative, count, ...more } = value;
  const buckets = ({ offset = 0, counts }: BucketsInput = { counts: [] }) => ({
    offset,
    bucketCounts: counts.map(String),
  });
  return {
    ...more,
    count: String(count ?? zero + total(positive?.counts) + total(negative?.counts)),
    scale,
    zeroCount: String(zero),
    zeroThreshold: threshold,
    positive: buckets(positive),
    negative: buckets(negative),
  };
}

interface SummaryInput {
  readonly count: number;
  readonly sum: number;
  readonly quantiles?: Readonly<Record<string, number>>;
}

function summaryValue({ count, sum, quantiles = {} }: SummaryInput): Plain {
  const quantileValues = Object.entries(quantiles).map(([q, value]) => ({ quantile: Number(q), value }));
  return { count: String(count), sum, quantileValues };
}

function keyValues(attributes: Plain = {}): Plain[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: unknown): Plain {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") {
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: double(value) };
  }
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  if (value === null) return {};
  return { kvlistValue: { values: keyValues(value as Plain) } };
}
