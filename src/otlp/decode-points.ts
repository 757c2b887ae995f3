import {
  type Attributes,
  type Count,
  type DataPoint,
  type Exemplar,
  type ExponentialBuckets,
  type ExponentialHistogramValue,
  type HistogramValue,
  type HrTime,
  NO_RECORDED_VALUE,
  type SummaryValue,
  ValueType,
} from "../metrics/index.ts";
import { safeInteger } from "./decode-attributes.ts";
import type { DecodeContext } from "./decode-context.ts";
import { OtlpDecodeError } from "./decode-error.ts";
import type { MetricBuilder } from "./metric-builder.ts";

/** A point of a gauge or sum. */
export function decodeNumberPoint(context: DecodeContext, metric: MetricBuilder): DataPoint<number | bigint> {
  const { reader } = context;
  const outer = context.enterElement();
  const point = new PointFields(context);
  let value: number | bigint = Number.NaN;
  let valueType: ValueType | undefined;
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case 0x11:
        point.startTime = context.time();
        break;
      case 0x19:
        point.endTime = context.time();
        break;
      case 0x21:
        value = reader.double();
        valueType = ValueType.DOUBLE;
        break;
      case 0x2a:
        point.exemplar(decodeExemplar(context));
        break;
      case 0x31:
        value = safeInteger(reader.signed64());
        valueType = ValueType.INT;
        break;
      case 0x3a:
        point.attributes = context.attributes(tag, point.attributes);
        break;
      case 0x40:
        point.flags = reader.uint32();
        break;
      default:
        reader.skip(tag);
    }
  }
  reader.leave(outer);
  return numberPoint(metric, point, value, valueType);
}

/** A point without a value is one whose value was not recorded, whether its flags say so or not. */
export function numberPoint(
  metric: MetricBuilder,
  point: PointFields,
  value: number | bigint,
  valueType: ValueType | undefined,
): DataPoint<number | bigint> {
  if (valueType === undefined) point.flags |= NO_RECORDED_VALUE;
  if (valueType === undefined || (point.flags & NO_RECORDED_VALUE) !== 0)
    return point.finish<number | bigint>(Number.NaN);
  return point.finish(value, metric.ownValueType(valueType));
}

export function decodeHistogramPoint(context: DecodeContext): DataPoint<HistogramValue> {
  const { reader } = context;
  const start = reader.position;
  const outer = context.enterElement();
  const point = new PointFields(context);
  const boundaries: number[] = [];
  const counts: Count[] = [];
  const value: { count: Count; sum?: number; min?: number; max?: number } = { count: 0 };
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case 0x11:
        point.startTime = context.time();
        break;
      case 0x19:
        point.endTime = context.time();
        break;
      case 0x21:
        value.count = reader.fixedCount();
        break;
      case 0x29:
        value.sum = reader.double();
        break;
      case 0x31:
        counts.push(reader.fixedCount());
        break;
      case 0x32:
        readPacked64(context, () => counts.push(reader.fixedCount()));
        break;
      case 0x39:
        boundaries.push(reader.double());
        break;
      case 0x3a:
        readPacked64(context, () => boundaries.push(reader.double()));
        break;
      case 0x42:
        point.exemplar(decodeExemplar(context));
        break;
      case 0x4a:
        point.attributes = context.attributes(tag, point.attributes);
        break;
      case 0x50:
        point.flags = reader.uint32();
        break;
      case 0x59:
        value.min = reader.double();
        break;
      case 0x61:
        value.max = reader.double();
        break;
      default:
        reader.skip(tag);
    }
  }
  reader.leave(outer);
  checkBuckets(boundaries.length, counts.length, start);
  return point.finish<HistogramValue>({ ...value, buckets: { boundaries, counts } });
}

/** One more count than bounds, or neither (metrics.proto, HistogramDataPoint.explicit_bounds). */
export function checkBuckets(bounds: number, counts: number, offset?: number): void {
  if (counts === bounds + 1 || (counts === 0 && bounds === 0)) return;
  throw new OtlpDecodeError(
    `histogram has ${counts} bucket counts for ${bounds} bounds, want one more than bounds`,
    offset,
  );
}

export function decodeExponentialPoint(context: DecodeContext): DataPoint<ExponentialHistogramValue> {
  const { reader } = context;
  const outer = context.enterElement();
  const point = new PointFields(context);
  let scale = 0;
  let positive = NO_BUCKETS;
  let negative = NO_BUCKETS;
  let count: Count = 0;
  let zeroCount: Count = 0;
  const optional: { sum?: number; min?: number; max?: number; zeroThreshold?: number } = {};
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        point.attributes = context.attributes(tag, point.attributes);
        break;
      case 0x11:
        point.startTime = context.time();
        break;
      case 0x19:
        point.endTime = context.time();
        break;
      case 0x21:
        count = reader.fixedCount();
        break;
      case 0x29:
        optional.sum = reader.double();
        break;
      case 0x30:
        scale = reader.sint32();
        break;
      case 0x39:
        zeroCount = reader.fixedCount();
        break;
      case 0x42:
        positive = decodeBuckets(context);
        break;
      case 0x4a:
        negative = decodeBuckets(context);
        break;
      case 0x50:
        point.flags = reader.uint32();
        break;
      case 0x5a:
        point.exemplar(decodeExemplar(context));
        break;
      case 0x61:
        optional.min = reader.double();
        break;
      case 0x69:
        optional.max = reader.double();
        break;
      case 0x71: {
        const zeroThreshold = reader.double();
        if (zeroThreshold !== 0) optional.zeroThreshold = zeroThreshold;
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  reader.leave(outer);
  return point.finish<ExponentialHistogramValue>({
    count,
    scale,
    zeroCount,
    positive,
    negative,
    ...optional,
  });
}

const NO_BUCKETS: ExponentialBuckets = Object.freeze({ offset: 0, bucketCounts: Object.freeze([]) });

function decodeBuckets(context: DecodeContext): ExponentialBuckets {
  const { reader } = context;
  const outer = reader.enter();
  let offset = 0;
  const bucketCounts: Count[] = [];
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x08) {
      offset = reader.sint32();
    } else if (tag === 0x10) {
      bucketCounts.push(reader.count());
    } else if (tag === 0x12) {
      const list = reader.enter();
      while (!reader.done) bucketCounts.push(reader.count());
      reader.leave(list);
    } else {
      reader.skip(tag);
    }
  }
  reader.leave(outer);
  return { offset, bucketCounts };
}

export function decodeSummaryPoint(context: DecodeContext): DataPoint<SummaryValue> {
  const { reader } = context;
  const outer = context.enterElement();
  const point = new PointFields(context);
  let count: Count = 0;
  let sum = 0;
  const quantiles: SummaryValue["quantiles"][number][] = [];
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case 0x11:
        point.startTime = context.time();
        break;
      case 0x19:
        point.endTime = context.time();
        break;
      case 0x21:
        count = reader.fixedCount();
        break;
      case 0x29:
        sum = reader.double();
        break;
      case 0x32:
        quantiles.push(decodeQuantile(context));
        break;
      case 0x3a:
        point.attributes = context.attributes(tag, point.attributes);
        break;
      case 0x40:
        point.flags = reader.uint32();
        break;
      default:
        reader.skip(tag);
    }
  }
  reader.leave(outer);
  return point.finish<SummaryValue>({ count, sum, quantiles });
}

function decodeQuantile(context: DecodeContext): SummaryValue["quantiles"][number] {
  const { reader } = context;
  const outer = context.enterElement();
  let quantile = 0;
  let value = 0;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x09) quantile = reader.double();
    else if (tag === 0x11) value = reader.double();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { quantile, value };
}

function decodeExemplar(context: DecodeContext): Exemplar {
  const { reader } = context;
  const outer = context.enterElement();
  let time = context.unknownTime;
  let value: number | bigint = 0;
  let filteredAttributes = context.noAttributes;
  let spanId = "";
  let traceId = "";
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case 0x11:
        time = context.time();
        break;
      case 0x19:
        value = reader.double();
        break;
      case 0x22:
        spanId = reader.hex();
        break;
      case 0x2a:
        traceId = reader.hex();
        break;
      case 0x31:
        value = reader.signed64();
        break;
      case 0x3a:
        filteredAttributes = context.attributes(tag, filteredAttributes);
        break;
      default:
        reader.skip(tag);
    }
  }
  reader.leave(outer);
  return {
    time,
    value,
    filteredAttributes,
    ...(traceId !== "" && { traceId }),
    ...(spanId !== "" && { spanId }),
  };
}

function readPacked64({ reader }: DecodeContext, read: () => void): void {
  const outer = reader.enter();
  for (let left = reader.packed64(); left > 0; left--) read();
  reader.leave(outer);
}

/** What points of all kinds have, while it is being read. */
export class PointFields {
  startTime: HrTime;
  endTime: HrTime;
  attributes: Attributes;
  flags = 0;
  #exemplars: Exemplar[] | undefined;

  constructor({ unknownTime, noAttributes }: Pick<DecodeContext, "unknownTime" | "noAttributes">) {
    this.startTime = unknownTime;
    this.endTime = unknownTime;
    this.attributes = noAttributes;
  }

  exemplar(exemplar: Exemplar): void {
    if (this.#exemplars === undefined) this.#exemplars = [exemplar];
    else this.#exemplars.push(exemplar);
  }

  finish<Value>(value: Value, valueType?: ValueType | undefined): DataPoint<Value> {
    const { startTime, endTime, attributes, flags } = this;
    const exemplars = this.#exemplars;
    if (flags === 0 && exemplars === undefined && valueType === undefined) {
      return { startTime, endTime, attributes, value };
    }
    return {
      startTime,
      endTime,
      attributes,
      value,
      ...(flags !== 0 && { flags }),
      ...(exemplars && { exemplars }),
      ...(valueType !== undefined && { valueType }),
    };
  }
}
