import { NO_START_WORD, wordsOf } from "../metrics/index.ts";

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

/** Whether a stream's start time is that of the point, which is its own or the shared one. */
export function sameStart(
  startWords: Uint32Array,
  id: number,
  ownStarts: Uint32Array | undefined,
  slot: number,
  shared: SplitTime,
): boolean {
  let first = ownStarts?.[2 * slot] ?? 0;
  let second = ownStarts?.[2 * slot + 1] ?? 0;
  if (first === NO_START_WORD && second === NO_START_WORD) first = second = 0;
  else if (first === 0 && second === 0) ({ first, second } = shared);
  return startWords[2 * id] === first && startWords[2 * id + 1] === second;
}
