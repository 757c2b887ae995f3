/** Writes io.prometheus.client messages by hand, the way client libraries do: fields in ascending order. */

export interface WrittenExemplar {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestamp?: WrittenTime;
}

export interface WrittenTime {
  readonly seconds: number | bigint;
  readonly nanos?: number;
}

export interface WrittenHistogram {
  readonly count?: number | bigint;
  readonly countFloat?: number;
  readonly sum?: number;
  readonly buckets?: readonly {
    readonly count?: number | bigint;
    readonly countFloat?: number;
    readonly bound: number;
    readonly exemplar?: WrittenExemplar;
  }[];
  readonly start?: WrittenTime;
  readonly schema?: number;
  readonly zeroThreshold?: number;
  readonly zeroCount?: number | bigint;
  readonly zeroCountFloat?: number;
  readonly positive?: WrittenSide;
  readonly negative?: WrittenSide;
  readonly exemplars?: readonly WrittenExemplar[];
}

export interface WrittenSide {
  readonly spans: readonly (readonly [offset: number, length: number])[];
  readonly deltas?: readonly (number | bigint)[];
  readonly counts?: readonly number[];
  /** Whether the numbers stand in one field. */
  readonly packed?: boolean;
}

export interface WrittenMetric {
  readonly labels?: Readonly<Record<string, string>>;
  readonly gauge?: number;
  readonly counter?: {
    readonly value: number;
    readonly exemplar?: WrittenExemplar;
    readonly start?: WrittenTime;
  };
  readonly summary?: {
    readonly count?: number | bigint;
    readonly sum?: number;
    readonly quantiles?: readonly (readonly [quantile: number, value: number])[];
    readonly start?: WrittenTime;
  };
  readonly untyped?: number;
  readonly timestampMs?: number | bigint;
  readonly histogram?: WrittenHistogram;
}

export interface WrittenFamily {
  readonly name: string;
  readonly help?: string;
  readonly type?: "counter" | "gauge" | "summary" | "untyped" | "histogram" | "gaugehistogram" | number;
  readonly unit?: string;
  readonly metrics: readonly WrittenMetric[];
}

const typeNumbers = { counter: 0, gauge: 1, summary: 2, untyped: 3, histogram: 4, gaugehistogram: 5 };

/** A whole body: each family with its length before it. */
export function writeBody(...families: readonly WrittenFamily[]): Buffer {
  return Buffer.concat(families.map((family) => delimited(writeFamily(family))));
}

export function writeFamily({ name, help, type = 0, unit, metrics }: WrittenFamily): Buffer {
  return Buffer.concat([
    text(1, name),
    text(2, help),
    number(3, typeof type === "number" ? type : typeNumbers[type]),
    ...metrics.map((metric) => message(4, writeMetric(metric))),
    text(5, unit),
  ]);
}

export function writeMetric(metric: WrittenMetric): Buffer {
  const { labels = {}, gauge, counter, summary, untyped, timestampMs, histogram } = metric;
  return Buffer.concat([
    ...Object.entries(labels).map(labelPair),
    gauge === undefined ? none : message(2, double(1, gauge)),
    counter === undefined
      ? none
      : message(3, double(1, counter.value), exemplar(2, counter.exemplar), time(3, counter.start)),
    summary === undefined
      ? none
      : message(
          4,
          number(1, summary.count),
          double(2, summary.sum),
          ...(summary.quantiles ?? []).map(([q, value]) => message(3, double(1, q), double(2, value))),
          time(4, summary.start),
        ),
    untyped === undefined ? none : message(5, double(1, untyped)),
    number(6, timestampMs),
    histogram === undefined ? none : message(7, writeHistogram(histogram)),
  ]);
}

function writeHistogram(h: WrittenHistogram): Buffer {
  return Buffer.concat([
    number(1, h.count),
    double(2, h.sum),
    ...(h.buckets ?? []).map((b) =>
      message(3, number(1, b.count), double(2, b.bound), exemplar(3, b.exemplar), double(4, b.countFloat)),
    ),
    double(4, h.countFloat),
    h.schema === undefined ? none : number(5, zigZag(h.schema)),
    double(6, h.zeroThreshold),
    number(7, h.zeroCount),
    double(8, h.zeroCountFloat),
    ...side(9, h.negative),
    ...side(12, h.positive),
    time(15, h.start),
    ...(h.exemplars ?? []).map((one) => exemplar(16, one)),
  ]);
}

function side(field: number, written: WrittenSide | undefined): Buffer[] {
  if (written === undefined) return [];
  const { spans, deltas = [], counts = [], packed = false } = written;
  const bare = (value: Buffer) => value.subarray(1);
  const numbers = (at: number, values: readonly Buffer[]) =>
    packed && values.length > 0 ? [message(at, ...values.map(bare))] : values;
  return [
    ...spans.map(([offset, length]) => message(field, number(1, zigZag(offset)), number(2, length))),
    ...numbers(
      field + 1,
      deltas.map((delta) => number(field + 1, zigZag(delta))),
    ),
    ...numbers(
      field + 2,
      counts.map((count) => double(field + 2, count)),
    ),
  ];
}

const none = Buffer.alloc(0);

function labelPair([name, value]: readonly [string, string]): Buffer {
  return message(1, text(1, name), text(2, value));
}

function exemplar(field: number, written: WrittenExemplar | undefined): Buffer {
  if (written === undefined) return none;
  const { labels = {}, value, timestamp } = written;
  return message(field, ...Object.entries(labels).map(labelPair), double(2, value), time(3, timestamp));
}

function time(field: number, written: WrittenTime | undefined): Buffer {
  return written === undefined ? none : message(field, number(1, written.seconds), number(2, written.nanos));
}

function text(field: number, value: string | undefined): Buffer {
  return value === undefined ? none : message(field, Buffer.from(value));
}

function message(field: number, ...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([varint(field * 8 + 2), delimited(Buffer.concat(parts))]);
}

function delimited(bytes: Buffer): Buffer {
  return Buffer.concat([varint(bytes.length), bytes]);
}

function double(field: number, value: number | undefined): Buffer {
  if (value === undefined) return none;
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint(field * 8 + 1), bytes]);
}

function number(field: number, value: number | bigint | undefined): Buffer {
  return value === undefined ? none : Buffer.concat([varint(field * 8), varint(value)]);
}

function zigZag(value: number | bigint): bigint {
  const big = BigInt(value);
  return BigInt.asUintN(64, (big << 1n) ^ (big >> 63n));
}

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
