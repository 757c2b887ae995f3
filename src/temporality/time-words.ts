/** The halves of 64-bit times in the order in which they lie in memory: compared and copied without making bigints. */
export function wordsOf(times: BigUint64Array): Uint32Array {
  return new Uint32Array(times.buffer, times.byteOffset, times.length * 2);
}

/** A time whose halves are wanted over and over. */
export interface SplitTime {
  readonly ns: bigint;
  readonly first: number;
  readonly second: number;
}

export function splitTime(ns: bigint): SplitTime {
  const [first = 0, second = 0] = wordsOf(BigUint64Array.of(ns));
  return { ns, first, second };
}
