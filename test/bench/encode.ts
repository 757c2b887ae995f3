import { JsonMetricsSerializer, ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { Batch, Column, NO_START, PRESENT, Presence } from "../../src/metrics/index.ts";
import { JsonMetricsEncoder, MetricsEncoder } from "../../src/otlp/index.ts";
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
    variants.forEach(({ prepare, run, repeat = 1 }, i) => {
      settle();
      for (let step = round * repeat; step < (round + 1) * repeat; step++) {
        prepare?.(step);
        const before = process.cpuUsage();
        sizes[i] = run(step);
        const { user, system } = process.cpuUsage(before);
        // The first round is to warm up.
        if (round > 0) times[i]?.push((user + system) / 1000);
      }
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

/** Collects garbage and waits for the threads that help with it, so that it is not charged to what comes next. */
function settle(): void {
  if (globalThis.gc === undefined) return;
  globalThis.gc();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 15);
}

interface Variant {
  readonly variant: string;
  /** What it is compared with. */
  readonly stock: string;
  readonly prepare?: (step: number) => void;
  /** Runs in a row. A forced collection also throws away compiled code, which is not what a running process is like. */
  readonly repeat?: number;
  /** Returns the size of the body or bodies. */
  readonly run: (step: number) => number;
}

function makeVariants(vmis: number, shape: Shape, json: boolean): Variant[] {
  const layout = makeLayout(vmis, shape);
  const values = makeValues(layout.width);
  const column = (step: number, presence = Presence.ALL) =>
    new Column({ values, presence, startNs: START, timeNs: TIME + BigInt(step) });
  const steady = (step: number) => Batch.fromColumns(layout, column(step));
  const objects = materialised(steady(0).resourceMetrics);

  const startTimes = BigUint64Array.from({ length: layout.width }, (_, slot) => (slot % 2 ? NO_START : 0n));
  const inPlace = new MetricsEncoder();
  const mixed = new MetricsEncoder();
  const queued = new MetricsEncoder();
  // Never released: each later body is then a copy, as it is while one is being sent.
  queued.encode(steady(0));
  const flipping = new MetricsEncoder();
  const rebuilding = new MetricsEncoder();
  const jsonEncoder = new JsonMetricsEncoder();
  let next = steady(0);

  const encode = (encoder: Pick<MetricsEncoder, "encode">, batch: Batch) => {
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
    { variant: "patch in place", stock: proto, repeat: 5, run: (step) => encode(inPlace, steady(step)) },
    {
      variant: "patch in place, every other point without a start",
      stock: proto,
      repeat: 5,
      run: (step) =>
        encode(
          mixed,
          Batch.fromColumns(layout, column(step).with({ startNs: START + BigInt(step), startTimes })),
        ),
    },
    {
      variant: "patch and copy that can be queued",
      stock: proto,
      repeat: 5,
      run: (step) => encode(queued, steady(step)),
    },
    {
      variant: "a series of one machine in 20 vanishes or returns",
      stock: proto,
      repeat: 5,
      prepare: (step) => {
        next = Batch.fromColumns(layout, column(step, flipped(layout.width, step)));
      },
      run: () => encode(flipping, next),
    },
    {
      variant: "new layout of known attributes (rebuilt after churn)",
      stock: proto,
      repeat: 5,
      prepare: (step) => {
        next = Batch.fromColumns({ ...layout }, column(step));
      },
      run: () => encode(rebuilding, next),
    },
    {
      variant: "first (all objects new)",
      stock: proto,
      prepare: (step) => {
        next = Batch.fromColumns(makeLayout(vmis, shape), column(step));
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
    { variant: "JSON", stock: stockJson, repeat: 3, run: (step) => encode(jsonEncoder, steady(step)) },
  ];
}

/** In one virtual machine of 20 another one of the first 8 series is absent, as when a vCPU changes its state. */
function flipped(width: number, step: number): Presence {
  const states = new Uint8Array(width).fill(PRESENT);
  for (let slot = step % 8; slot < width; slot += 60 * 20) states[slot] = 0;
  return new Presence(states);
}

function sum<T>(items: readonly T[], size: (item: T) => number | undefined): number {
  return items.reduce((total, item) => total + (size(item) ?? 0), 0);
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] as number;
}
