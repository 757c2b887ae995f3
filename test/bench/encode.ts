import { JsonMetricsSerializer, ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { Batch, Column, PRESENT, Presence } from "../../src/metrics/index.ts";
import { encodeMetricsJson, MetricsEncoder } from "../../src/otlp/index.ts";
import { makeLayout, makeValues, materialised, type Shape } from "./encode-data.ts";

const START = 1_763_000_000_000_000_000n;
const TIME = 1_764_000_000_000_000_000n;

export interface EncodeResult extends Shape {
  readonly vmis: number;
  readonly samples: number;
  readonly variant: string;
  /** Median of user and system time of the whole process, all threads. */
  readonly cpuMs: number;
  /** How many times less CPU than the stock serializer of the same encoding. */
  readonly ratio: number;
  readonly bodyBytes: number;
}

export interface EncodeBenchSettings extends Shape {
  readonly vmis: number;
  readonly rounds: number;
  /** Measures JSON too: the stock serializer fails near 800,000 samples, for its text is one string. */
  readonly json: boolean;
}

/**
 * Measures encoding, side by side with the stock serializers: all variants take turns in each round, so that what
 * else the machine does hits them alike. With `--expose-gc` garbage of one variant is not charged to the next.
 */
export function benchEncode({ vmis, perVmi, rounds, json }: EncodeBenchSettings): EncodeResult[] {
  const variants = makeVariants(vmis, { perVmi }, json);
  const times = variants.map((): number[] => []);
  const sizes = variants.map(() => 0);
  for (let round = 0; round < rounds + 1; round++) {
    variants.forEach(({ prepare, run }, i) => {
      prepare?.(round);
      globalThis.gc?.();
      const before = process.cpuUsage();
      sizes[i] = run(round);
      const { user, system } = process.cpuUsage(before);
      // The first round is to warm up.
      if (round > 0) times[i]?.push((user + system) / 1000);
    });
  }
  const medians = times.map(median);
  return variants.map(({ variant, stock }, i) => ({
    vmis,
    perVmi,
    samples: vmis * 60,
    variant,
    cpuMs: medians[i] as number,
    ratio:
      (medians[variants.findIndex((other) => other.variant === stock)] as number) / (medians[i] as number),
    bodyBytes: sizes[i] as number,
  }));
}

interface Variant {
  readonly variant: string;
  /** What it is compared with. */
  readonly stock: string;
  readonly prepare?: (round: number) => void;
  /** Returns the size of the body or bodies. */
  readonly run: (round: number) => number;
}

function makeVariants(vmis: number, shape: Shape, json: boolean): Variant[] {
  const layout = makeLayout(vmis, shape);
  const values = makeValues(layout.width);
  const column = (round: number, presence = Presence.ALL) =>
    new Column({ values, presence, startNs: START, timeNs: TIME + BigInt(round) });
  const steady = (round: number) => Batch.fromColumns(layout, column(round));
  const objects = materialised(steady(0).resourceMetrics);

  const inPlace = new MetricsEncoder();
  const queued = new MetricsEncoder();
  // Never released: each later body is then a copy, as it is while one is being sent.
  queued.encode(steady(0));
  const flipping = new MetricsEncoder();
  const rebuilding = new MetricsEncoder();
  let next = steady(0);

  const encode = (encoder: MetricsEncoder, batch: Batch) => {
    const body = encoder.encode(batch);
    body.release();
    return body.bytes.length;
  };
  const proto = "stock protobuf";
  const variants: Variant[] = [
    {
      variant: proto,
      stock: proto,
      run: () => sum(objects, (one) => ProtobufMetricsSerializer.serializeRequest(one as never)?.length),
    },
    { variant: "patch in place", stock: proto, run: (round) => encode(inPlace, steady(round)) },
    {
      variant: "patch and copy that can be queued",
      stock: proto,
      run: (round) => encode(queued, steady(round)),
    },
    {
      variant: "one series in 60 vanishes or returns (copy of runs)",
      stock: proto,
      prepare: (round) => {
        next = Batch.fromColumns(layout, column(round, flipped(layout.width, round)));
      },
      run: () => encode(flipping, next),
    },
    {
      variant: "new layout of known attributes (rebuilt after churn)",
      stock: proto,
      prepare: (round) => {
        next = Batch.fromColumns({ ...layout }, column(round));
      },
      run: () => encode(rebuilding, next),
    },
    {
      variant: "first (all objects new)",
      stock: proto,
      prepare: (round) => {
        next = Batch.fromColumns(makeLayout(vmis, shape), column(round));
      },
      run: () => encode(new MetricsEncoder(), next),
    },
    {
      variant: "from plain objects",
      stock: proto,
      run: () => encode(rebuilding, Batch.from([...objects])),
    },
  ];
  if (!json) return variants;
  const stockJson = "stock JSON";
  return [
    ...variants,
    {
      variant: stockJson,
      stock: stockJson,
      run: () => sum(objects, (one) => JsonMetricsSerializer.serializeRequest(one as never)?.length),
    },
    { variant: "JSON", stock: stockJson, run: (round) => encodeMetricsJson(steady(round)).length },
  ];
}

/** In every virtual machine another one of the first 8 series is absent. */
function flipped(width: number, round: number): Presence {
  const states = new Uint8Array(width).fill(PRESENT);
  for (let slot = round % 8; slot < width; slot += 60) states[slot] = 0;
  return new Presence(states);
}

function sum<T>(items: readonly T[], size: (item: T) => number | undefined): number {
  return items.reduce((total, item) => total + (size(item) ?? 0), 0);
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] as number;
}
