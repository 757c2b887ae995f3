import { growInt32 } from "./byte-pool.ts";
import { MetricType } from "./metric-message.ts";
import type { FamilyType } from "./types.ts";
import type { WireCursor } from "./wire-cursor.ts";

/** Bytes of a varint that a message may be preceded by. */
const MAX_PREFIX = 5;

const types: ReadonlyMap<number, FamilyType> = new Map<number, FamilyType>([
  [MetricType.COUNTER, "counter"],
  [MetricType.GAUGE, "gauge"],
  [MetricType.SUMMARY, "summary"],
  [MetricType.UNTYPED, "unknown"],
  [MetricType.HISTOGRAM, "histogram"],
  [MetricType.GAUGE_HISTOGRAM, "gaugehistogram"],
]);

/** The next `MetricFamily` of a delimited stream, as ranges of bytes; used again for the one after it. */
export class FamilyMessage {
  readonly #cursor: WireCursor;
  nameStart = 0;
  nameEnd = 0;
  helpStart = 0;
  helpEnd = 0;
  unitStart = 0;
  unitEnd = 0;
  /** As in {@link MetricType}. */
  typeNumber = 0;
  type: FamilyType = "counter";
  metricCount = 0;
  /** Start and end of each metric. */
  metrics = new Int32Array(128);

  constructor(cursor: WireCursor) {
    this.#cursor = cursor;
  }

  /** Whether there is another one, with its fields read. Families without metrics are passed over unseen. */
  next(): boolean {
    const cursor = this.#cursor;
    for (;;) {
      if (cursor.pos >= cursor.bytes.length) return false;
      const start = cursor.pos;
      cursor.end = cursor.bytes.length;
      cursor.subject = "";
      const end = cursor.delimited();
      if (cursor.pos - start > MAX_PREFIX) cursor.fail("the length of a family is not valid", start);
      cursor.end = end;
      this.#read();
      if (this.metricCount === 0) continue;
      this.#check();
      return true;
    }
  }

  #read(): void {
    const cursor = this.#cursor;
    this.nameStart = this.nameEnd = this.helpStart = this.helpEnd = this.unitStart = this.unitEnd = 0;
    this.typeNumber = MetricType.COUNTER;
    this.metricCount = 0;
    while (cursor.pos < cursor.end) {
      const tag = cursor.tag();
      switch (tag) {
        case 0x22: {
          const end = cursor.delimited();
          const at = this.metricCount++ * 2;
          this.metrics = growInt32(this.metrics, at + 2);
          this.metrics[at] = cursor.pos;
          this.metrics[at + 1] = end;
          cursor.pos = end;
          break;
        }
        case 0x0a:
          this.nameEnd = cursor.delimited();
          this.nameStart = cursor.pos;
          cursor.pos = this.nameEnd;
          break;
        case 0x12:
          this.helpEnd = cursor.delimited();
          this.helpStart = cursor.pos;
          cursor.pos = this.helpEnd;
          break;
        case 0x18:
          cursor.varint();
          this.typeNumber = cursor.low;
          break;
        case 0x2a:
          this.unitEnd = cursor.delimited();
          this.unitStart = cursor.pos;
          cursor.pos = this.unitEnd;
          break;
        default:
          cursor.other(tag, 5);
      }
    }
  }

  #check(): void {
    const cursor: WireCursor = this.#cursor;
    if (this.nameStart === this.nameEnd) cursor.fail("a metric family has no name", this.nameStart);
    const type = types.get(this.typeNumber);
    if (type === undefined) cursor.fail(`metric type ${this.typeNumber} is not known`, this.nameStart);
    this.type = type;
  }
}
