import { type Attributes, type HrTime, nsToHrTime } from "../metrics/index.ts";
import { ByteInterner } from "./byte-interner.ts";
import { decodeAttributes } from "./decode-attributes.ts";
import { OtlpDecodeError } from "./decode-error.ts";
import { WireReader } from "./wire-reader.ts";

/**
 * Most resources, scopes, metrics, points, exemplars and quantiles of one request together. Two bytes are enough for
 * an empty one, which takes a hundred times as much memory: the limit on the size of a request does not bound that.
 */
export const MAX_ELEMENTS = 4_000_000;

const MAX_INTERNED_STRING = 256;
const NO_ATTRIBUTES: Attributes = Object.freeze({});
const UNKNOWN_TIME: HrTime = [0, 0];

export function checkElements(count: number): void {
  if (count > MAX_ELEMENTS) {
    throw new OtlpDecodeError(
      `request holds more than ${MAX_ELEMENTS} resources, metrics, points and exemplars`,
    );
  }
}

/** What decoding one request shares: the reader, what repeats in the request, and its limits. */
export class DecodeContext {
  readonly reader: WireReader;
  readonly #strings: ByteInterner<string>;
  readonly #attributes: ByteInterner<Attributes>;
  readonly #times = new RecentTimes();
  #elements = 0;

  constructor(bytes: Uint8Array) {
    this.reader = new WireReader(bytes);
    this.#strings = new ByteInterner(this.reader.bytes);
    this.#attributes = new ByteInterner(this.reader.bytes);
  }

  readonly noAttributes = NO_ATTRIBUTES;
  readonly unknownTime = UNKNOWN_TIME;

  /** Enters a message that becomes an object; see {@link MAX_ELEMENTS}. */
  enterElement(): number {
    checkElements(++this.#elements);
    return this.reader.enter();
  }

  string(): string {
    const { reader } = this;
    const before = reader.position;
    reader.skipDelimited();
    const end = reader.position;
    const read = () => {
      reader.seek(before);
      return reader.string();
    };
    return end - before > MAX_INTERNED_STRING ? read() : this.#strings.get(before, end, read);
  }

  /**
   * The attributes whose first KeyValue field comes next, its tag already read. Fields of the same tag that follow
   * directly belong to them; `soFar` is what an earlier run of the same message gave.
   */
  attributes(tag: number, soFar: Attributes): Attributes {
    const { reader } = this;
    const start = reader.position;
    do reader.skipDelimited();
    while (reader.accept(tag));
    const end = reader.position;
    const attributes = this.#attributes.get(start, end, () => {
      reader.seek(start);
      return decodeAttributes(this, tag, end);
    });
    return soFar === NO_ATTRIBUTES ? attributes : Object.freeze({ ...soFar, ...attributes });
  }

  time(): HrTime {
    const { low, high } = this.reader.fixed64();
    return this.#times.get(low, high);
  }
}

/** The two times seen last, since all points of a scrape have the same start and end. */
class RecentTimes {
  #low = [0, 0];
  #high = [0, 0];
  #times: [HrTime, HrTime] = [UNKNOWN_TIME, UNKNOWN_TIME];
  #next: 0 | 1 = 0;

  get(low: number, high: number): HrTime {
    if (low === this.#low[0] && high === this.#high[0]) return this.#times[0];
    if (low === this.#low[1] && high === this.#high[1]) return this.#times[1];
    const time = nsToHrTime((BigInt(high) << 32n) | BigInt(low));
    const at = this.#next;
    this.#low[at] = low;
    this.#high[at] = high;
    this.#times[at] = time;
    this.#next = at === 0 ? 1 : 0;
    return time;
  }
}
