import { endianness } from "node:os";
import {
  type Column,
  type HistogramSlots,
  NO_START_WORD,
  type SummarySlots,
  wordsOf,
} from "../metrics/index.ts";
import { isInt64 } from "./encode-attributes.ts";

/** Points that are patched alike; `anchors` are the positions of their value fields. */
export interface PointList {
  readonly slots: Uint32Array;
  readonly anchors: Uint32Array;
}

export interface HistogramPatch {
  readonly slots: HistogramSlots;
  readonly anchor: number;
  readonly hasSum: boolean;
  /** Position of the first packed bucket count. */
  readonly counts: number;
}

export interface SummaryPatch {
  readonly slots: SummarySlots;
  readonly anchor: number;
}

/** All that changes in a body while layout and presence stay. */
export interface Patches {
  readonly doubles: PointList;
  readonly integers: PointList;
  readonly histograms: readonly HistogramPatch[];
  readonly summaries: readonly SummaryPatch[];
  /** Histograms and summaries, and stale points of any kind: their times. */
  readonly others: PointList;
}

const TWO_32 = 4_294_967_296;
const DOUBLE_VALUE = 0x21;
const INTEGER_VALUE = 0x31;
/** Bytes from a quantile value to the next: tag, length, and two tagged doubles. */
export const QUANTILE_SIZE = 20;

/** Writes the column's values and end times into a body. */
export function patchValues(view: DataView, patches: Patches, column: Column): void {
  const { values, timeNs } = column;
  const low = Number(BigInt.asUintN(32, timeNs));
  const high = Number(timeNs >> 32n);
  const { doubles } = patches;
  for (let i = 0; i < doubles.slots.length; i++) {
    const anchor = doubles.anchors[i] as number;
    view.setUint32(anchor - 8, low, true);
    view.setUint32(anchor - 4, high, true);
    view.setFloat64(anchor + 1, values[doubles.slots[i] as number] as number, true);
  }
  patchIntegers(view, patches.integers, values);
  patchShared(view, patches.integers, timeNs, 8);
  patchShared(view, patches.others, timeNs, 8);
  for (const histogram of patches.histograms) patchHistogram(view, histogram, values);
  for (const summary of patches.summaries) patchSummary(view, summary, values);
  if (column.times !== undefined) patchOwn(view, patches, column.times, 8);
}

/** Writes the start times into a body that has them. */
export function patchStarts(view: DataView, patches: Patches, { startNs, startTimes }: Column): void {
  for (const list of [patches.doubles, patches.integers, patches.others]) {
    if (startTimes === undefined) patchShared(view, list, startNs, 17);
    else patchStartsOf(view, list, startNs, wordsOf(startTimes));
  }
}

function patchStartsOf(view: DataView, { slots, anchors }: PointList, sharedNs: bigint, words: Uint32Array) {
  const sharedLow = Number(BigInt.asUintN(32, sharedNs));
  const sharedHigh = Number(sharedNs >> 32n);
  for (let i = 0; i < slots.length; i++) {
    const word = (slots[i] as number) * 2;
    let low = words[word + LOW] as number;
    let high = words[word + 1 - LOW] as number;
    if (low === 0 && high === 0) {
      low = sharedLow;
      high = sharedHigh;
    } else if (low === NO_START_WORD && high === NO_START_WORD) low = high = 0;
    const at = (anchors[i] as number) - 17;
    view.setUint32(at, low, true);
    view.setUint32(at + 4, high, true);
  }
}

/** Writes one time to all points of a list, `back` bytes before their anchors. */
function patchShared(view: DataView, { anchors }: PointList, ns: bigint, back: number): void {
  const low = Number(BigInt.asUintN(32, ns));
  const high = Number(ns >> 32n);
  for (let i = 0; i < anchors.length; i++) {
    const at = (anchors[i] as number) - back;
    view.setUint32(at, low, true);
    view.setUint32(at + 4, high, true);
  }
}

function patchOwn(view: DataView, patches: Patches, times: BigUint64Array, back: number): void {
  const words = wordsOf(times);
  for (const list of [patches.doubles, patches.integers, patches.others]) patchOwnOf(view, list, words, back);
}

/** Place of the lower half of a 64-bit integer in memory. */
const LOW = endianness() === "LE" ? 0 : 1;

function patchOwnOf(view: DataView, { slots, anchors }: PointList, words: Uint32Array, back: number): void {
  for (let i = 0; i < slots.length; i++) {
    const word = (slots[i] as number) * 2;
    const low = words[word + LOW] as number;
    const high = words[word + 1 - LOW] as number;
    if (low === 0 && high === 0) continue;
    const at = (anchors[i] as number) - back;
    view.setUint32(at, low, true);
    view.setUint32(at + 4, high, true);
  }
}

/** A value that is no integer goes out as the double it is: the other field of the one-of, of the same length. */
function patchIntegers(view: DataView, { slots, anchors }: PointList, values: Float64Array): void {
  for (let i = 0; i < slots.length; i++) {
    const anchor = anchors[i] as number;
    const value = values[slots[i] as number] as number;
    if (isInt64(value)) {
      view.setUint8(anchor, INTEGER_VALUE);
      view.setUint32(anchor + 1, value >>> 0, true);
      view.setUint32(anchor + 5, Math.floor(value / TWO_32) >>> 0, true);
    } else {
      view.setUint8(anchor, DOUBLE_VALUE);
      view.setFloat64(anchor + 1, value, true);
    }
  }
}

function patchHistogram(view: DataView, patch: HistogramPatch, values: Float64Array): void {
  const { slots, anchor, hasSum } = patch;
  const { buckets } = slots;
  const count = values[slots.count] as number;
  setCount(view, anchor + 1, count);
  if (hasSum) view.setFloat64(anchor + 10, values[slots.sum] as number, true);
  let at = patch.counts;
  let below = 0;
  for (let i = 0; i < buckets.length; i++) {
    const cumulative = values[buckets[i] as number] as number;
    setCount(view, at, cumulative - below);
    below = cumulative;
    at += 8;
  }
  setCount(view, at, count - below);
}

function patchSummary(view: DataView, { slots, anchor }: SummaryPatch, values: Float64Array): void {
  setCount(view, anchor + 1, values[slots.count] as number);
  view.setFloat64(anchor + 10, slots.sum < 0 ? 0 : (values[slots.sum] as number), true);
  for (let i = 0; i < slots.values.length; i++) {
    const at = anchor + 18 + i * QUANTILE_SIZE + 12;
    view.setFloat64(at, values[slots.values[i] as number] as number, true);
  }
}

/** A count, cut to a whole number from 0 to 2^64 - 1 as the writer's `count` does. */
function setCount(view: DataView, at: number, value: number): void {
  let low = 0;
  let high = 0;
  if (value >= TWO_32 * TWO_32) {
    low = 0xffff_ffff;
    high = 0xffff_ffff;
  } else if (value > 0) {
    low = value >>> 0;
    high = Math.floor(value / TWO_32);
  }
  view.setUint32(at, low, true);
  view.setUint32(at + 4, high, true);
}
