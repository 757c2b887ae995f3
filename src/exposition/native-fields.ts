import type { NativeBuckets, NativeHistogram } from "./types.ts";
import type { WireCursor } from "./wire-cursor.ts";

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

/** The fields of a Histogram that make it a native one, used again for the next one. */
export class NativeFields {
  readonly #cursor: WireCursor;
  #schema = 0;
  #zeroThreshold = 0;
  #zeroCount: number | bigint = 0;
  #zeroCountFloat = 0;
  readonly #positive = new Side();
  readonly #negative = new Side();

  constructor(cursor: WireCursor) {
    this.#cursor = cursor;
  }

  clear(): void {
    this.#schema = 0;
    this.#zeroThreshold = 0;
    this.#zeroCount = 0;
    this.#zeroCountFloat = 0;
    this.#positive.clear();
    this.#negative.clear();
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

  /** Reads the field of a tag. Returns whether it is one of these. */
  read(tag: number): boolean {
    const cursor = this.#cursor;
    switch (tag) {
      case 0x28:
        cursor.varint();
        this.#schema = zigZag32(cursor.low);
        return true;
      case 0x31:
        this.#zeroThreshold = cursor.double();
        return true;
      case 0x38: {
        const count = cursor.varint();
        this.#zeroCount = count > Number.MAX_SAFE_INTEGER ? cursor.bigVarint() : count;
        return true;
      }
      case 0x41:
        this.#zeroCountFloat = cursor.double();
        return true;
      default:
        return this.#sideField(tag);
    }
  }

  /**
   * @param countFloat what the histogram has as its count in floats, 0 for nothing
   * @param end where the metric ends, for errors
   * @throws ExpositionError when spans and buckets do not match
   */
  histogram(count: number | bigint, countFloat: number, sum: number, end: number): NativeHistogram {
    const float =
      countFloat > 0 ||
      this.#zeroCountFloat > 0 ||
      this.#positive.counts.length > 0 ||
      this.#negative.counts.length > 0;
    return {
      schema: this.#schema,
      count,
      sum,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: float ? this.#zeroCountFloat : this.#zeroCount,
      positive: this.#buckets(this.#positive, float, "positive", end),
      negative: this.#buckets(this.#negative, float, "negative", end),
      float,
    };
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

  #buckets(side: Side, float: boolean, name: string, end: number): NativeBuckets {
    const expected = side.spans.reduce((sum, { length }) => sum + length, 0);
    const given = float ? side.counts : side.deltas;
    if (expected !== given.length) {
      this.#cursor.fail(`the ${name} spans have ${expected} buckets, ${given.length} are there`, end);
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
