import type { Exemplar, NativeBuckets, NativeHistogram } from "./types.ts";
import type { WireCursor } from "./wire-cursor.ts";

/** `MetricType` of io.prometheus.client. */
export const MetricType = {
  COUNTER: 0,
  GAUGE: 1,
  SUMMARY: 2,
  UNTYPED: 3,
  HISTOGRAM: 4,
  GAUGE_HISTOGRAM: 5,
} as const;

/** Tag of a label, the first field of a metric. */
export const LABEL = 0x0a;

/** One side of a native histogram while it is read. */
class Side {
  readonly spans: { offset: number; length: number }[] = [];
  /** Differences from bucket to bucket. */
  readonly deltas: (number | bigint)[] = [];
  /** Of float histograms. */
  readonly counts: number[] = [];

  clear(): void {
    this.spans.length = 0;
    this.deltas.length = 0;
    this.counts.length = 0;
  }
}

/**
 * One `Metric` of io.prometheus.client, read into fields that are used again for the next one. A field that is absent has
 * its default, one that comes twice its last value, messages that come twice are merged.
 */
export class MetricMessage {
  readonly #cursor: WireCursor;
  /** Whether there were labels among the fields. */
  hasLabels = false;
  /** Of counters, gauges and untyped metrics. */
  value = 0;
  /** Milliseconds, 0 for none. */
  timestamp = 0;
  count = 0;
  sum = 0;
  /** Bounds of buckets and quantiles, with their counts and values. */
  parts = 0;
  partAt = new Float64Array(32);
  partValue = new Float64Array(32);
  /** Counts that doubles cannot hold, by part; that of the whole under -1. */
  readonly exact = new Map<number, bigint>();
  hasStart = false;
  startSeconds = 0;
  startNanos = 0;
  /** By part. */
  readonly partExemplars: (Exemplar | undefined)[] = [];
  /** That of a counter, or those of a native histogram. */
  exemplars: Exemplar[] = [];
  #countFloat = 0;
  #schema = 0;
  #zeroThreshold = 0;
  #zeroCount: number | bigint = 0;
  #zeroCountFloat = 0;
  readonly #positive = new Side();
  readonly #negative = new Side();
  #isSimple = true;
  /** Of the metric last read. */
  #end = 0;

  constructor(cursor: WireCursor) {
    this.#cursor = cursor;
  }

  /** Reads the fields from `start` on, labels left out. */
  read(start: number, end: number): void {
    const cursor = this.#cursor;
    this.#clear();
    this.#end = end;
    const outer = cursor.end;
    cursor.pos = start;
    cursor.end = end;
    while (cursor.pos < end) {
      const tag = cursor.tag();
      switch (tag) {
        case LABEL:
          this.hasLabels = true;
          cursor.pos = cursor.delimited();
          break;
        case 0x12:
        case 0x2a:
          this.#number();
          break;
        case 0x1a:
          this.#counter();
          break;
        case 0x22:
          this.#summary();
          break;
        case 0x30:
          cursor.varint();
          this.timestamp = (cursor.high | 0) * 2 ** 32 + cursor.low;
          break;
        case 0x3a:
          this.#histogram();
          break;
        default:
          cursor.other(tag, 7);
      }
    }
    cursor.end = outer;
    // Given as a float, a count overrides the whole one.
    if (this.#countFloat !== 0) {
      this.count = this.#countFloat;
      this.exact.delete(-1);
    }
  }

  /** Whether a histogram is a native one: a span of no length marks an empty one. */
  get isNative(): boolean {
    return (
      this.#positive.spans.length > 0 ||
      this.#negative.spans.length > 0 ||
      this.#zeroThreshold > 0 ||
      this.#zeroCount > 0
    );
  }

  /** @throws ExpositionError when spans and buckets do not match */
  native(): NativeHistogram {
    const float =
      this.#countFloat > 0 ||
      this.#zeroCountFloat > 0 ||
      this.#positive.counts.length > 0 ||
      this.#negative.counts.length > 0;
    return {
      schema: this.#schema,
      count: this.exact.get(-1) ?? this.count,
      sum: this.sum,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: float ? this.#zeroCountFloat : this.#zeroCount,
      positive: this.#buckets(this.#positive, float, "positive"),
      negative: this.#buckets(this.#negative, float, "negative"),
      float,
    };
  }

  /** The exemplars of a native histogram: its own, or else those of its buckets; those without a time do not count. */
  nativeExemplars(): readonly Exemplar[] {
    const { exemplars, partExemplars, parts } = this;
    const all = exemplars.length > 0 ? exemplars : partExemplars.slice(0, parts);
    return all.filter((exemplar) => exemplar?.timestampMs !== undefined) as readonly Exemplar[];
  }

  /** Makes the infinite bucket the last one: added where it is missing, what is behind it is left out. */
  closeBuckets(): void {
    const last = this.partAt.subarray(0, this.parts).indexOf(Infinity);
    if (last >= 0) {
      this.parts = last + 1;
      return;
    }
    const exact = this.exact.get(-1);
    const part = this.#addPart();
    this.partAt[part] = Infinity;
    this.partValue[part] = this.count;
    if (exact !== undefined) this.exact.set(part, exact);
  }

  #clear(): void {
    this.hasLabels = false;
    this.value = 0;
    this.timestamp = 0;
    this.hasStart = false;
    if (this.#isSimple) return;
    this.#isSimple = true;
    this.count = 0;
    this.sum = 0;
    this.parts = 0;
    this.exact.clear();
    this.startSeconds = 0;
    this.startNanos = 0;
    // The old list may have been handed out.
    this.exemplars = [];
    this.#countFloat = 0;
    this.#schema = 0;
    this.#zeroThreshold = 0;
    this.#zeroCount = 0;
    this.#zeroCountFloat = 0;
    this.#positive.clear();
    this.#negative.clear();
  }

  /** A Gauge or an Untyped. */
  #number(): void {
    const cursor = this.#cursor;
    const outer = cursor.end;
    cursor.end = cursor.delimited();
    while (cursor.pos < cursor.end) {
      const tag = cursor.tag();
      if (tag === 0x09) this.value = cursor.double();
      else cursor.other(tag, 1);
    }
    cursor.end = outer;
  }

  #counter(): void {
    const cursor = this.#cursor;
    const outer = cursor.end;
    cursor.end = cursor.delimited();
    while (cursor.pos < cursor.end) {
      const tag = cursor.tag();
      if (tag === 0x09) {
        this.value = cursor.double();
        continue;
      }
      this.#isSimple = false;
      if (tag === 0x12) this.exemplars = [this.#exemplar()];
      else if (tag === 0x1a) this.#start();
      else cursor.other(tag, 3);
    }
    cursor.end = outer;
  }

  #summary(): void {
    const cursor = this.#cursor;
    const outer = cursor.end;
    this.#isSimple = false;
    cursor.end = cursor.delimited();
    while (cursor.pos < cursor.end) {
      const tag = cursor.tag();
      if (tag === 0x08) this.count = this.#wholeCount(-1);
      else if (tag === 0x11) this.sum = cursor.double();
      else if (tag === 0x1a) this.#quantile();
      else if (tag === 0x22) this.#start();
      else cursor.other(tag, 4);
    }
    cursor.end = outer;
  }

  #histogram(): void {
    const cursor = this.#cursor;
    const outer = cursor.end;
    this.#isSimple = false;
    cursor.end = cursor.delimited();
    while (cursor.pos < cursor.end) {
      const tag = cursor.tag();
      switch (tag) {
        case 0x08:
          this.count = this.#wholeCount(-1);
          break;
        case 0x11:
          this.sum = cursor.double();
          break;
        case 0x1a:
          this.#bucket();
          break;
        case 0x21:
          this.#countFloat = cursor.double();
          break;
        case 0x28:
          cursor.varint();
          this.#schema = zigZag32(cursor.low);
          break;
        case 0x31:
          this.#zeroThreshold = cursor.double();
          break;
        case 0x38: {
          const count = cursor.varint();
          this.#zeroCount = count > Number.MAX_SAFE_INTEGER ? cursor.bigVarint() : count;
          break;
        }
        case 0x41:
          this.#zeroCountFloat = cursor.double();
          break;
        case 0x7a:
          this.#start();
          break;
        case 0x82:
          this.exemplars.push(this.#exemplar());
          break;
        default:
          if (!this.#sideField(tag)) cursor.other(tag, 16);
      }
    }
    cursor.end = outer;
  }

  /** Spans, deltas and counts of both sides; repeated numbers may be packed or not. */
  #sideField(tag: number): boolean {
    const field = tag >>> 3;
    if (field < 9 || field > 14) return false;
    const side = field <= 11 ? this.#negative : this.#positive;
    const wireType = tag & 7;
    const kind = (field - 9) % 3;
    if (kind === 0) {
      if (wireType !== 2) return false;
      this.#span(side);
    } else if (kind === 1) {
      return this.#repeated(wireType, 0, () => side.deltas.push(this.#delta()));
    } else {
      return this.#repeated(wireType, 1, () => side.counts.push(this.#cursor.double()));
    }
    return true;
  }

  #repeated(wireType: number, single: number, read: () => void): boolean {
    const cursor = this.#cursor;
    if (wireType === single) read();
    else if (wireType === 2) {
      const outer = cursor.end;
      cursor.end = cursor.delimited();
      while (cursor.pos < cursor.end) read();
      cursor.end = outer;
    } else return false;
    return true;
  }

  #delta(): number | bigint {
    const cursor = this.#cursor;
    if (cursor.varint() <= Number.MAX_SAFE_INTEGER) {
      const { low, high } = cursor;
      const half = high * 2 ** 31 + (low >>> 1);
      return (low & 1) === 0 ? half : -half - 1;
    }
    const encoded = cursor.bigVarint();
    return (encoded >> 1n) ^ -(encoded & 1n);
  }

  #span(side: Side): void {
    const cursor = this.#cursor;
    const outer = cursor.end;
    let offset = 0;
    let length = 0;
    cursor.end = cursor.delimited();
    while (cursor.pos < cursor.end) {
      const tag = cursor.tag();
      if (tag === 0x08) {
        cursor.varint();
        offset = zigZag32(cursor.low);
      } else if (tag === 0x10) {
        cursor.varint();
        length = cursor.low;
      } else cursor.other(tag, 2);
    }
    cursor.end = outer;
    side.spans.push({ offset, length });
  }

  #bucket(): void {
    const cursor = this.#cursor;
    const outer = cursor.end;
    const part = this.#addPart();
    let float = 0;
    cursor.end = cursor.delimited();
    while (cursor.pos < cursor.end) {
      const tag = cursor.tag();
      if (tag === 0x08) this.partValue[part] = this.#wholeCount(part);
      else if (tag === 0x11) this.partAt[part] = cursor.double();
      else if (tag === 0x1a) this.partExemplars[part] = this.#exemplar();
      else if (tag === 0x21) float = cursor.double();
      else cursor.other(tag, 4);
    }
    cursor.end = outer;
    if (float === 0) return;
    this.partValue[part] = float;
    this.exact.delete(part);
  }

  #quantile(): void {
    const cursor = this.#cursor;
    const outer = cursor.end;
    const part = this.#addPart();
    cursor.end = cursor.delimited();
    while (cursor.pos < cursor.end) {
      const tag = cursor.tag();
      if (tag === 0x09) this.partAt[part] = cursor.double();
      else if (tag === 0x11) this.partValue[part] = cursor.double();
      else cursor.other(tag, 2);
    }
    cursor.end = outer;
  }

  #addPart(): number {
    const part = this.parts++;
    if (this.parts > this.partAt.length) {
      this.partAt = doubled(this.partAt);
      this.partValue = doubled(this.partValue);
    }
    this.partAt[part] = 0;
    this.partValue[part] = 0;
    this.partExemplars[part] = undefined;
    return part;
  }

  #wholeCount(part: number): number {
    const count = this.#cursor.varint();
    if (count > Number.MAX_SAFE_INTEGER) this.exact.set(part, this.#cursor.bigVarint());
    else this.exact.delete(part);
    return count;
  }

  #start(): void {
    this.hasStart = true;
    const time = this.#timestamp();
    this.startSeconds = time.seconds;
    this.startNanos = time.nanos;
  }

  /** A google.protobuf.Timestamp. */
  #timestamp(): { readonly seconds: number; readonly nanos: number } {
    const cursor = this.#cursor;
    const outer = cursor.end;
    let seconds = 0;
    let nanos = 0;
    cursor.end = cursor.delimited();
    while (cursor.pos < cursor.end) {
      const tag = cursor.tag();
      if (tag === 0x08) {
        cursor.varint();
        seconds = (cursor.high | 0) * 2 ** 32 + cursor.low;
      } else if (tag === 0x10) {
        cursor.varint();
        nanos = cursor.low | 0;
      } else cursor.other(tag, 2);
    }
    cursor.end = outer;
    return { seconds, nanos };
  }

  #exemplar(): Exemplar {
    const cursor = this.#cursor;
    const outer = cursor.end;
    const labels: [name: string, value: string][] = [];
    let value = 0;
    let timestampMs: number | undefined;
    cursor.end = cursor.delimited();
    while (cursor.pos < cursor.end) {
      const tag = cursor.tag();
      if (tag === LABEL) labels.push(readLabelPair(cursor));
      else if (tag === 0x11) value = cursor.double();
      else if (tag === 0x1a) {
        const { seconds, nanos } = this.#timestamp();
        timestampMs = seconds * 1000 + Math.trunc(nanos / 1e6);
      } else cursor.other(tag, 3);
    }
    cursor.end = outer;
    return { labels: Object.fromEntries(labels), value, ...(timestampMs !== undefined && { timestampMs }) };
  }

  #buckets(side: Side, float: boolean, name: string): NativeBuckets {
    const expected = side.spans.reduce((sum, { length }) => sum + length, 0);
    const given = float ? side.counts : side.deltas;
    if (expected !== given.length) {
      this.#cursor.fail(`the ${name} spans have ${expected} buckets, ${given.length} are there`, this.#end);
    }
    return { spans: [...side.spans], counts: float ? [...side.counts] : addedUp(side.deltas) };
  }
}

function addedUp(deltas: readonly (number | bigint)[]): (number | bigint)[] {
  let count: number | bigint = 0;
  return deltas.map((delta) => {
    if (typeof count === "number" && typeof delta === "number" && Number.isSafeInteger(count + delta)) {
      count += delta;
    } else {
      const exact: bigint = BigInt.asIntN(64, BigInt(count) + BigInt(delta));
      count = exact >= -MAX_SAFE && exact <= MAX_SAFE ? Number(exact) : exact;
    }
    return count;
  });
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function zigZag32(encoded: number): number {
  return (encoded >>> 1) ^ -(encoded & 1);
}

function doubled(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** A label of an exemplar. Like in Prometheus it need not be valid UTF-8. */
function readLabelPair(cursor: WireCursor): [name: string, value: string] {
  const outer = cursor.end;
  let name = "";
  let value = "";
  cursor.end = cursor.delimited();
  while (cursor.pos < cursor.end) {
    const tag = cursor.tag();
    if (tag !== 0x0a && tag !== 0x12) {
      cursor.other(tag, 2);
      continue;
    }
    const end = cursor.delimited();
    const text = cursor.bytes.toString("utf8", cursor.pos, end);
    cursor.pos = end;
    if (tag === 0x0a) name = text;
    else value = text;
  }
  cursor.end = outer;
  return [name, value];
}
