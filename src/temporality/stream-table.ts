/** A stream that has no total yet. */
export const UNSEEN = -1;

/**
 * The last total of every stream, in typed arrays by a number that stands for the stream. Streams that no batch has had
 * for a while are forgotten; their numbers go to others, so whoever keeps numbers must look them up again when
 * `generation` has changed.
 */
export class StreamTable {
  /** By stream: the last total, and its time as seconds (UNSEEN: none) and nanoseconds since the Unix epoch. */
  totals = new Float64Array(0);
  seconds = new Float64Array(0);
  nanos = new Float64Array(0);
  /** By stream: the period in which it was last seen. */
  periods = new Uint32Array(0);
  /** The period now. */
  period = 0;
  generation = 0;
  #used = 0;
  readonly #free: number[] = [];
  readonly #metrics = new Map<string, Map<string, number>>();

  /** Streams that have a number. */
  get size(): number {
    return this.#used - this.#free.length;
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

  find(streams: Map<string, number>, series: string): number {
    let stream = streams.get(series);
    if (stream === undefined) {
      stream = this.#free.pop() ?? this.#used++;
      if (stream >= this.totals.length) this.#grow(stream + 1);
      this.seconds[stream] = UNSEEN;
      this.periods[stream] = this.period;
      streams.set(series, stream);
    }
    return stream;
  }

  /** Ends the period: streams that were seen neither in it nor in the one before are forgotten. */
  endPeriod(): void {
    let forgotten = 0;
    for (const [name, streams] of this.#metrics) {
      for (const [series, stream] of streams) {
        if ((this.periods[stream] as number) + 1 >= this.period) continue;
        streams.delete(series);
        this.#free.push(stream);
        forgotten++;
      }
      if (streams.size === 0) this.#metrics.delete(name);
    }
    this.period++;
    if (forgotten > 0) this.generation++;
  }

  #grow(needed: number): void {
    const length = Math.max(needed, Math.ceil(this.totals.length * 1.5), 256);
    this.totals = grown(this.totals, new Float64Array(length));
    this.seconds = grown(this.seconds, new Float64Array(length));
    this.nanos = grown(this.nanos, new Float64Array(length));
    this.periods = grown(this.periods, new Uint32Array(length));
  }
}

function grown<T extends Float64Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
