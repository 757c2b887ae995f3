import type { Exemplar, ExponentialHistogramValue, PointExtras } from "../metrics/index.ts";
import type { SlotOperation } from "./slot-program.ts";

/** Multiplies in place. */
export class ScaleSlots implements SlotOperation {
  readonly #slots: Uint32Array;
  readonly #points: Uint32Array;
  readonly #factor: number;
  readonly #integers: boolean;

  /**
   * @param slots what is multiplied
   * @param options `points`: where the extras of the points are, their own slots by default; `integers`: the results
   * lose their fractions
   */
  constructor(
    slots: Iterable<number>,
    factor: number,
    options: { readonly points?: Iterable<number>; readonly integers?: boolean } = {},
  ) {
    this.#slots = Uint32Array.from(slots);
    this.#points = options.points === undefined ? this.#slots : Uint32Array.from(options.points);
    this.#factor = factor;
    this.#integers = options.integers ?? false;
  }

  values(values: Float64Array): void {
    const factor = this.#factor;
    const slots = this.#slots;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as number;
      values[slot] = (values[slot] as number) * factor;
    }
    if (!this.#integers) return;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as number;
      values[slot] = Math.trunc(values[slot] as number);
    }
  }

  extras(extras: Map<number, PointExtras>, values: Float64Array): void {
    for (const slot of this.#points) {
      const more = extras.get(slot);
      if (more === undefined) continue;
      const scaled = scaleExtras(more, this.#factor);
      extras.set(slot, scaled);
      if (scaled.integer !== undefined) values[slot] = Number(scaled.integer);
    }
  }
}

function scaleExtras(extras: PointExtras, factor: number): PointExtras {
  const { exemplars, integer, min, max, exponential } = extras;
  return {
    ...extras,
    ...(exemplars && { exemplars: exemplars.map((exemplar) => scaleExemplar(exemplar, factor)) }),
    ...(integer !== undefined && { integer: scaleInteger(integer, factor) }),
    ...(min !== undefined && { min: min * factor }),
    ...(max !== undefined && { max: max * factor }),
    ...(exponential && { exponential: scaleExponential(exponential, factor) }),
  };
}

function scaleExemplar(exemplar: Exemplar, factor: number): Exemplar {
  return { ...exemplar, value: Number(exemplar.value) * factor };
}

/** Exact where the factor is whole; 64 bits hold what comes of it, or it is cut off at their limits. */
function scaleInteger(integer: bigint, factor: number): bigint {
  const scaled = Number.isSafeInteger(factor)
    ? integer * BigInt(factor)
    : BigInt(Math.trunc(Number(integer) * factor) || 0);
  if (scaled > LIMIT - 1n) return LIMIT - 1n;
  return scaled < -LIMIT ? -LIMIT : scaled;
}

const LIMIT = 2n ** 63n;

/** The buckets move by the nearest whole number of buckets: exact for powers of the base, else half a bucket off at most. */
function scaleExponential(value: ExponentialHistogramValue, factor: number): ExponentialHistogramValue {
  const shift = Math.round(Math.log2(factor) * 2 ** value.scale);
  const moved = ({ offset, bucketCounts }: ExponentialHistogramValue["positive"]) => ({
    offset: bucketCounts.length === 0 ? offset : offset + shift,
    bucketCounts,
  });
  return {
    ...value,
    positive: moved(value.positive),
    negative: moved(value.negative),
    ...(value.sum !== undefined && { sum: value.sum * factor }),
    ...(value.min !== undefined && { min: value.min * factor }),
    ...(value.max !== undefined && { max: value.max * factor }),
    ...(value.zeroThreshold !== undefined && { zeroThreshold: value.zeroThreshold * factor }),
  };
}
