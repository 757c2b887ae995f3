import {
  type DataPoint,
  DataPointType,
  type Exemplar,
  type ExponentialBuckets,
  type ExponentialHistogramValue,
  type HistogramValue,
  type HrTime,
  type InstrumentationScope,
  type Metric,
  type MetricsBatch,
  nsToHrTime,
  type Resource,
  type SummaryValue,
  ValueType,
} from "../metrics/index.ts";
import { safeInteger } from "./decode-attributes.ts";
import { JsonAttributes } from "./decode-attributes-json.ts";
import { temporalityOf } from "./decode-metrics.ts";
import { checkBuckets, numberPoint, PointFields } from "./decode-points.ts";
import {
  boolean,
  double,
  hex,
  int32,
  type JsonObject,
  JsonReader,
  message,
  optionalDouble,
  scalars,
  signedValue,
  text,
  unsigned,
  unsignedValue,
  withFieldErrors,
} from "./json-fields.ts";
import { MetricBuilder } from "./metric-builder.ts";
import { parseJsonObject } from "./parse-json.ts";

/**
 * Decodes an OTLP/JSON request, to the same objects as `decodeMetrics` gives for protobuf. Unknown fields are passed
 * over. An integer written as a bare number beyond 2^53 is as exact as JSON.parse made it; as a string it is exact.
 *
 * @throws OtlpDecodeError for text that is not JSON, or a field whose value is not of its type (the message has its path)
 */
export function decodeMetricsJson(text: string | Uint8Array): MetricsBatch {
  const request = parseJsonObject(text);
  return withFieldErrors(() => new RequestDecoder().decode(request));
}

const UNKNOWN_TIME: HrTime = [0, 0];
const NO_BUCKETS: ExponentialBuckets = { offset: 0, bucketCounts: [] };

class RequestDecoder {
  readonly #reader = new JsonReader();
  readonly #attributes = new JsonAttributes();
  #lastTime = { ns: 0n, time: UNKNOWN_TIME };

  decode(request: JsonObject): MetricsBatch {
    return this.#reader.list(request, "resourceMetrics", (fields) => {
      const resource = message(fields, "resource", (it) => this.#resource(it));
      return {
        resource: { ...(resource ?? { attributes: this.#attributes.read({}, "") }), ...schemaUrl(fields) },
        scopeMetrics: this.#reader.list(fields, "scopeMetrics", (scopeFields) => ({
          scope: {
            ...(message(scopeFields, "scope", (it) => this.#scope(it)) ?? { name: "" }),
            ...schemaUrl(scopeFields),
          },
          metrics: this.#reader.list(scopeFields, "metrics", (it) => this.#metric(it)),
        })),
      };
    });
  }

  #resource(fields: JsonObject): Resource {
    return { attributes: this.#attributes.read(fields, "attributes"), ...dropped(fields) };
  }

  #scope(fields: JsonObject): InstrumentationScope {
    const version = text(fields, "version");
    const attributes = this.#attributes.read(fields, "attributes");
    return {
      name: text(fields, "name"),
      ...(version !== "" && { version }),
      ...(Object.keys(attributes).length > 0 && { attributes }),
      ...dropped(fields),
    };
  }

  #metric(fields: JsonObject): Metric {
    const metric = new MetricBuilder();
    metric.name = text(fields, "name");
    metric.description = text(fields, "description");
    metric.unit = text(fields, "unit");
    const metadata = this.#attributes.read(fields, "metadata");
    if (Object.keys(metadata).length > 0) metric.metadata = metadata;
    const data = (name: string, type: DataPointType, read: (point: JsonObject) => DataPoint<unknown>) =>
      message(fields, name, (it) => {
        metric.begin(type);
        metric.aggregationTemporality = temporalityOf(Number(unsigned(it, "aggregationTemporality", 32)));
        metric.isMonotonic = boolean(it, "isMonotonic");
        metric.dataPoints = this.#reader.list(it, "dataPoints", read);
      });
    data("gauge", DataPointType.GAUGE, (point) => this.#number(metric, point));
    data("sum", DataPointType.SUM, (point) => this.#number(metric, point));
    data("histogram", DataPointType.HISTOGRAM, (point) => this.#histogram(point));
    data("exponentialHistogram", DataPointType.EXPONENTIAL_HISTOGRAM, (point) => this.#exponential(point));
    data("summary", DataPointType.SUMMARY, (point) => this.#summary(point));
    return metric.finish();
  }

  #number(metric: MetricBuilder, fields: JsonObject): DataPoint<number | bigint> {
    const point = this.#point(fields);
    const integer = fields["asInt"];
    if (integer !== undefined && integer !== null) {
      return numberPoint(metric, point, safeInteger(signedValue("asInt", integer)), ValueType.INT);
    }
    const value = optionalDouble(fields, "asDouble");
    return value === undefined
      ? numberPoint(metric, point, Number.NaN, undefined)
      : numberPoint(metric, point, value, ValueType.DOUBLE);
  }

  #histogram(fields: JsonObject): DataPoint<HistogramValue> {
    const counts = scalars(fields, "bucketCounts", (name, value) => safeInteger(unsignedValue(name, value)));
    const boundaries = scalars(fields, "explicitBounds", double);
    checkBuckets(boundaries.length, counts.length);
    return this.#point(fields).finish<HistogramValue>({
      count: safeInteger(unsigned(fields, "count")),
      ...optionals(fields, ["sum", "min", "max"]),
      buckets: { boundaries, counts },
    });
  }

  #exponential(fields: JsonObject): DataPoint<ExponentialHistogramValue> {
    const zeroThreshold = optionalDouble(fields, "zeroThreshold");
    return this.#point(fields).finish<ExponentialHistogramValue>({
      count: safeInteger(unsigned(fields, "count")),
      scale: int32(fields, "scale"),
      zeroCount: safeInteger(unsigned(fields, "zeroCount")),
      positive: message(fields, "positive", buckets) ?? NO_BUCKETS,
      negative: message(fields, "negative", buckets) ?? NO_BUCKETS,
      ...optionals(fields, ["sum", "min", "max"]),
      ...(zeroThreshold && { zeroThreshold }),
    });
  }

  #summary(fields: JsonObject): DataPoint<SummaryValue> {
    return this.#point(fields).finish<SummaryValue>({
      count: safeInteger(unsigned(fields, "count")),
      sum: optionalDouble(fields, "sum") ?? 0,
      quantiles: this.#reader.list(fields, "quantileValues", (it) => ({
        quantile: optionalDouble(it, "quantile") ?? 0,
        value: optionalDouble(it, "value") ?? 0,
      })),
    });
  }

  #point(fields: JsonObject): PointFields {
    const point = new PointFields({
      unknownTime: UNKNOWN_TIME,
      noAttributes: this.#attributes.read(fields, "attributes"),
    });
    point.startTime = this.#time(fields, "startTimeUnixNano");
    point.endTime = this.#time(fields, "timeUnixNano");
    point.flags = Number(unsigned(fields, "flags", 32));
    for (const exemplar of this.#reader.list(fields, "exemplars", (it) => this.#exemplar(it))) {
      point.exemplar(exemplar);
    }
    return point;
  }

  #exemplar(fields: JsonObject): Exemplar {
    const integer = fields["asInt"];
    const traceId = hex(fields, "traceId");
    const spanId = hex(fields, "spanId");
    return {
      time: this.#time(fields, "timeUnixNano"),
      value:
        integer !== undefined && integer !== null
          ? signedValue("asInt", integer)
          : (optionalDouble(fields, "asDouble") ?? 0),
      filteredAttributes: this.#attributes.read(fields, "filteredAttributes"),
      ...(traceId !== "" && { traceId }),
      ...(spanId !== "" && { spanId }),
    };
  }

  #time(fields: JsonObject, name: string): HrTime {
    const ns = unsigned(fields, name);
    if (ns === 0n) return UNKNOWN_TIME;
    if (ns !== this.#lastTime.ns) this.#lastTime = { ns, time: nsToHrTime(ns) };
    return this.#lastTime.time;
  }
}

function buckets(fields: JsonObject): ExponentialBuckets {
  return {
    offset: int32(fields, "offset"),
    bucketCounts: scalars(fields, "bucketCounts", (name, value) => safeInteger(unsignedValue(name, value))),
  };
}

function optionals<Name extends string>(
  fields: JsonObject,
  names: readonly Name[],
): { [Key in Name]?: number } {
  const values: { [Key in Name]?: number } = {};
  for (const name of names) {
    const value = optionalDouble(fields, name);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function schemaUrl(fields: JsonObject): { schemaUrl?: string } {
  const url = text(fields, "schemaUrl");
  return url === "" ? {} : { schemaUrl: url };
}

function dropped(fields: JsonObject): { droppedAttributesCount?: number } {
  const count = Number(unsigned(fields, "droppedAttributesCount", 32));
  return count === 0 ? {} : { droppedAttributesCount: count };
}
