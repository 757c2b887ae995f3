import { encodedLabels } from "./encoded-labels.ts";
import { FamilyMessage } from "./family-message.ts";
import { MetricMessage, MetricType } from "./metric-message.ts";
import type { FamilyRecord, MetricRecords } from "./metric-records.ts";
import type { Observation } from "./observation.ts";
import type { SeriesStore } from "./series-store.ts";
import type { HistogramOptions } from "./types.ts";
import { WireCursor } from "./wire-cursor.ts";

/** Tag of the message that holds the number of a metric, by type; -1 where it takes more than a number. */
const numberTags = [0x1a, 0x12, -1, 0x2a, -1, -1];

/** Tag of the number in each of those messages. */
const NUMBER = 0x09;

/** Bytes of a message with one double: tag and length, tag and number. */
const NUMBER_MESSAGE = 11;

/**
 * Scans one body of delimited protobuf into `seen`. As in text, a metric is first compared with the one that followed the
 * last one before: when its labels are the same bytes, only its numbers are left to read.
 * @throws ExpositionError, ExpositionLimitError
 */
export function scanProtobuf(
  bytes: Buffer,
  store: SeriesStore,
  records: MetricRecords,
  seen: Observation,
  options: HistogramOptions,
  sampleLimit: number,
): void {
  const cursor = new WireCursor(bytes);
  const family = new FamilyMessage(cursor);
  const scan = new MetricScan(cursor, store, records, seen, options, sampleLimit);
  while (family.next()) {
    const { pos } = cursor;
    const record = records.family(family, cursor);
    cursor.subject = record.name.slice(0, 120);
    seen.pushMetadata(record.line);
    scan.family(record, family);
    cursor.pos = pos;
  }
}

class MetricScan {
  readonly #cursor: WireCursor;
  readonly #store: SeriesStore;
  readonly #records: MetricRecords;
  readonly #seen: Observation;
  readonly #native: boolean;
  readonly #classicToo: boolean;
  readonly #sampleLimit: number;
  readonly #message: MetricMessage;

  constructor(
    cursor: WireCursor,
    store: SeriesStore,
    records: MetricRecords,
    seen: Observation,
    { native = false, classicToo = false }: HistogramOptions,
    sampleLimit: number,
  ) {
    this.#cursor = cursor;
    this.#store = store;
    this.#records = records;
    this.#seen = seen;
    this.#native = native;
    this.#classicToo = classicToo;
    this.#sampleLimit = sampleLimit > 0 ? sampleLimit : Number.POSITIVE_INFINITY;
    this.#message = new MetricMessage(cursor);
  }

  /** Reads the metrics of one family. */
  family(family: FamilyRecord, { metrics, metricCount, typeNumber }: FamilyMessage): void {
    const { bytes, view } = this.#cursor;
    const records = this.#records;
    const seen = this.#seen;
    const numberTag = numberTags[typeNumber]!;
    let previous = -1;
    let expected = family.first;
    for (let i = 0; i < metricCount * 2; i += 2) {
      const start = metrics[i]!;
      const end = metrics[i + 1]!;
      let record = -1;
      if (expected >= 0 && records.matches(expected, view, start, end)) {
        const p = start + records.labelsLength(expected);
        if (
          p + NUMBER_MESSAGE === end &&
          bytes[p] === numberTag &&
          bytes[p + 1] === 9 &&
          bytes[p + 2] === NUMBER
        ) {
          const slot = records.slot(family, expected, false);
          seen.reserve(slot + 1);
          if (seen.seen[slot] === 0) {
            seen.seen[slot] = 1;
            seen.values[slot] = view.getFloat64(p + 3, true);
            seen.samples++;
            seen.predicted++;
            previous = expected;
            expected = records.next(expected);
            continue;
          }
        }
        record = this.#expected(family, expected, p, end, typeNumber);
      }
      if (record < 0) {
        record = this.#other(family, start, end, typeNumber);
        if (record < 0) continue;
        records.link(family, previous, record);
      }
      previous = record;
      expected = records.next(record);
    }
  }

  /** The metric that was expected. @returns -1 if it turns out to have more labels */
  #expected(family: FamilyRecord, record: number, fields: number, end: number, typeNumber: number): number {
    const seen = this.#seen;
    this.#message.read(fields, end);
    if (this.#message.hasLabels) return -1;
    const before = seen.samples;
    this.#metric(family, record, typeNumber);
    seen.predicted += seen.samples - before;
    return record;
  }

  /** A metric that was not expected. @returns its record, -1 when nothing may be learnt any more */
  #other(family: FamilyRecord, start: number, end: number, typeNumber: number): number {
    const records = this.#records;
    this.#message.read(start, end);
    const labels = encodedLabels(this.#cursor, start, end);
    const key = records.key(labels);
    let record = records.find(family, key);
    if (record < 0) {
      if (this.#seen.samples >= this.#sampleLimit) {
        this.#seen.samples += this.#sampleCount(typeNumber);
        return -1;
      }
      record = records.add(family, labels, key);
    }
    this.#metric(family, record, typeNumber);
    return record;
  }

  #metric(family: FamilyRecord, record: number, typeNumber: number): void {
    const message = this.#message;
    if (typeNumber === MetricType.SUMMARY) {
      this.#parts(family, record);
    } else if (typeNumber === MetricType.HISTOGRAM || typeNumber === MetricType.GAUGE_HISTOGRAM) {
      const native = this.#native && message.isNative;
      if (native) this.#nativeHistogram(family, record);
      if (native && !(this.#classicToo && message.parts > 0)) return;
      message.closeBuckets();
      this.#parts(family, record);
    } else {
      const slot = this.#put(this.#records.slot(family, record, false), message.value);
      if (slot < 0) return;
      if (message.hasStart) this.#seen.starts.put(slot, message.startSeconds, message.startNanos);
      for (const exemplar of message.exemplars) this.#seen.putExemplar(slot, exemplar);
    }
  }

  #parts(family: FamilyRecord, record: number): void {
    const message = this.#message;
    const { parts, exact } = message;
    const series = this.#records.parts(family, record, message.partAt, parts, this.#cursor);
    const count = this.#put(series.count, message.count);
    if (count >= 0 && message.hasStart) {
      this.#seen.starts.put(count, message.startSeconds, message.startNanos);
    }
    this.#putExact(count, exact.get(-1));
    this.#put(series.sum, message.sum);
    for (let part = 0; part < parts; part++) {
      const slot = this.#put(series.slots[part]!, message.partValue[part]!);
      if (exact.size > 0) this.#putExact(slot, exact.get(part));
      const exemplar = message.partExemplars[part];
      if (exemplar !== undefined && slot >= 0) this.#seen.putExemplar(slot, exemplar);
    }
  }

  #nativeHistogram(family: FamilyRecord, record: number): void {
    const message = this.#message;
    const seen = this.#seen;
    const histogram = message.native();
    const slot = this.#put(this.#records.slot(family, record, true), Number(histogram.count));
    if (slot < 0) return;
    seen.putNative(slot, histogram);
    if (message.hasStart) seen.starts.put(slot, message.startSeconds, message.startNanos);
    for (const exemplar of message.nativeExemplars()) seen.putExemplar(slot, exemplar);
  }

  #put(slot: number, value: number): number {
    const { timestamp } = this.#message;
    this.#seen.samples++;
    return this.#seen.put(this.#store, slot, value, timestamp === 0 ? Number.NaN : timestamp);
  }

  #putExact(slot: number, count: bigint | undefined): void {
    if (count !== undefined && slot >= 0) this.#seen.putExact(slot, count);
  }

  /** How many samples the metric that was read is in text. */
  #sampleCount(typeNumber: number): number {
    const message = this.#message;
    if (numberTags[typeNumber] !== -1) return 1;
    if (typeNumber === MetricType.SUMMARY) return 2 + message.parts;
    const native = this.#native && message.isNative ? 1 : 0;
    if (native === 1 && !(this.#classicToo && message.parts > 0)) return native;
    message.closeBuckets();
    return native + 2 + message.parts;
  }
}
