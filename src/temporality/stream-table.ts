import type { Count, ExponentialHistogramValue } from "../metrics/index.ts";

/** In place of a stream's number where the table has no room for more. */
export const NO_STREAM = 0xffffffff;

/** What of a stream's last point a number cannot say. */
export interface StreamDetail {
  readonly integer?: bigint;
  /** Of a histogram. */
  readonly counts?: ExactCounts;
  readonly exponential?: ExponentialHistogramValue;
  readonly min?: number;
  readonly max?: number;
}

/** Counts per bucket, not cumulative. */
export interface ExactCounts {
  readonly count: Count;
  readonly buckets: readonly Count[];
}

/** Several cells that stand together. */
interface Block {
  readonly size: number;
  /** Streams of another kind have nothing to do with this one, even under the same name. */
  readonly kind: string;
}

/**
 * What is known of every stream, in cells of typed arrays by a number that stands for the stream. Streams that no batch
 * has had for a while are forgotten; their numbers go to others, so whoever keeps numbers must look them up again when
 * `generation` has changed.
 */
export class StreamTable {
  /** By cell: the last value. */
  totals = new Float64Array(0);
  /** By cell: time of the last point, nanoseconds since the Unix epoch; 0: there was none. */
  times = new BigUint64Array(0);
  /** By cell: the start time that goes with it; 0: not known. */
  starts = new BigUint64Array(0);
  /** The same memory by halves, which are compared and copied without making bigints. */
  timeWords = new Uint32Array(0);
  startWords = new Uint32Array(0);
  /** By cell: the period in which it was last seen. */
  periods = new Uint32Array(0);
  readonly details = new Map<number, StreamDetail>();
  /** The period now. */
  period = 0;
  generation = 0;
  readonly #maxStreams: number;
  #size = 0;
  #used = 0;
  readonly #metrics = new Map<string, Map<string, number>>();
  readonly #blocks = new Map<number, Block>();
  /** Numbers to be given again, by the size of their block. */
  readonly #free = new Map<number, number[]>();
  /** Numbers that somebody may still know. */
  #released: number[] = [];

  constructor(maxStreams = Number.POSITIVE_INFINITY) {
    this.#maxStreams = maxStreams;
  }

  /** Streams that have a number. */
  get size(): number {
    return this.#size;
  }

  /** The numbers of a metric's streams, to be given to {@link find}. */
  metric(name: string): Map<string, number> {
    let streams = this.#metrics.get(name);
    if (streams === undefined) {
      streams = new Map();
      this.#metrics.set(name, streams);
    }
    return streams;
  }

  /**
   * The first of `size` cells for the stream. When it was of another kind, only its first two cells go on (of a
   * histogram with other buckets: count and sum); the totals of all others are NaN.
   * @returns NO_STREAM when the table is full
   */
  find(streams: Map<string, number>, series: string, size = 1, kind = ""): number {
    const known = streams.get(series);
    if (known !== undefined) {
      const block = this.#blocks.get(known);
      if ((block?.size ?? 1) === size && (block?.kind ?? "") === kind) return known;
      return this.#replace(streams, series, known, { size, kind });
    }
    if (this.#size >= this.#maxStreams) return NO_STREAM;
    return this.#create(streams, series, { size, kind });
  }

  /** Ends the period: streams that were seen neither in it nor in the one before are forgotten. */
  endPeriod(): void {
    const before = this.#size;
    for (const [name, streams] of this.#metrics) {
      for (const [series, stream] of streams) {
        if ((this.periods[stream] as number) + 1 < this.period) this.#release(streams, series, stream);
      }
      if (streams.size === 0) this.#metrics.delete(name);
    }
    this.period++;
    if (this.#size < before) this.generation++;
  }

  /** Lets the numbers of forgotten streams be given again: nobody knows them any more. */
  reuse(): void {
    for (const stream of this.#released) {
      const size = this.#blocks.get(stream)?.size ?? 1;
      this.#blocks.delete(stream);
      const free = this.#free.get(size);
      if (free === undefined) this.#free.set(size, [stream]);
      else free.push(stream);
    }
    this.#released = [];
  }

  #create(streams: Map<string, number>, series: string, block: Block): number {
    const stream = this.#allocate(block.size);
    if (block.size > 1 || block.kind !== "") this.#blocks.set(stream, block);
    this.times.fill(0n, stream, stream + block.size);
    this.starts.fill(0n, stream, stream + block.size);
    this.periods[stream] = this.period;
    streams.set(series, stream);
    this.#size++;
    return stream;
  }

  #replace(streams: Map<string, number>, series: string, known: number, block: Block): number {
    const common = Math.min(2, block.size, this.#blocks.get(known)?.size ?? 1);
    this.#release(streams, series, known);
    this.generation++;
    const stream = this.#create(streams, series, block);
    this.totals.fill(Number.NaN, stream, stream + block.size);
    for (const cells of [this.totals, this.times, this.starts]) {
      cells.copyWithin(stream, known, known + common);
    }
    return stream;
  }

  #release(streams: Map<string, number>, series: string, stream: number): void {
    streams.delete(series);
    this.#released.push(stream);
    this.#size--;
    const size = this.#blocks.get(stream)?.size ?? 1;
    if (this.details.size > 0) for (let i = 0; i < size; i++) this.details.delete(stream + i);
  }

  #allocate(size: number): number {
    const free = this.#free.get(size)?.pop();
    if (free !== undefined) return free;
    const stream = this.#used;
    this.#used += size;
    if (this.#used > this.totals.length) this.#grow(this.#used);
    return stream;
  }

  #grow(needed: number): void {
    const length = Math.max(needed, Math.ceil(this.totals.length * 1.5), 256);
    this.totals = grown(this.totals, new Float64Array(length));
    this.times = grown(this.times, new BigUint64Array(length));
    this.starts = grown(this.starts, new BigUint64Array(length));
    this.timeWords = new Uint32Array(this.times.buffer);
    this.startWords = new Uint32Array(this.starts.buffer);
    this.periods = grown(this.periods, new Uint32Array(length));
  }
}

function grown<T extends Float64Array | BigUint64Array | Uint32Array>(from: T, to: T): T {
  (to.set as (source: T) => void)(from);
  return to;
}
