import type { HrTime } from "./types.ts";

const BILLION = 1_000_000_000n;

export function nsToHrTime(ns: bigint): HrTime {
  return [Number(ns / BILLION), Number(ns % BILLION)];
}

export function hrTimeToNs(time: HrTime): bigint {
  return BigInt(time[0]) * BILLION + BigInt(time[1]);
}

/** `ms` may have a fraction; it is rounded to whole microseconds, which a double of today's epoch can hold. */
export function msToNs(ms: number): bigint {
  return Number.isSafeInteger(ms) ? BigInt(ms) * 1_000_000n : BigInt(Math.round(ms * 1000)) * 1000n;
}

/** The halves of 64-bit times in the order in which they lie in memory: compared and copied without making bigints. */
export function wordsOf(times: BigUint64Array): Uint32Array {
  return new Uint32Array(times.buffer, times.byteOffset, times.length * 2);
}
