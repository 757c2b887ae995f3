import { readExemplarMessage, readTimestamp } from "./exemplar-message.ts";
import { NativeFields } from "./native-fields.ts";
import type { Exemplar, NativeHistogram } from "./types.ts";
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
  readonly #native: NativeFields;
  #isSimple = true;
  /** Of the metric last read. */
  #end = 0;

  constructor(cursor: WireCursor) {
    this.#cursor = cursor;
    this.#native = new NativeFields(cursor);
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

  /** Whether a histogram is a native one. */
  get isNative(): boolean {
    return this.#native.isNative;
  }

  /** @throws ExpositionError when spans and buckets do not match */
  native(): NativeHistogram {
    const count = this.exact.get(-1) ?? this.count;
    return this.#native.histogram(count, this.#countFloat, this.sum, this.#end);
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
    this.#native.clear();
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
      if (tag === 0x12) this.exemplars = [readExemplarMessage(cursor)];
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
        case 0x7a:
          this.#start();
          break;
        case 0x82:
          this.exemplars.push(readExemplarMessage(cursor));
          break;
        default:
          if (!this.#native.read(tag)) cursor.other(tag, 16);
      }
    }
    cursor.end = outer;
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
      else if (tag === 0x1a) this.partExemplars[part] = readExemplarMessage(cursor);
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
    const time = readTimestamp(this.#cursor);
    this.startSeconds = time.seconds;
    this.startNanos = time.nanos;
  }
}

function doubled(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}
