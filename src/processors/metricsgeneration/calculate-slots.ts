import { ABSENT, PRESENT, STALE } from "../../metrics/index.ts";
import type { SlotOperation } from "../../reshape/index.ts";
import type { Calculation } from "./config.ts";
import { NO_MATCH, type PointMatcher } from "./point-matcher.ts";

export interface CalculateSlotsOptions {
  readonly calculation: Calculation;
  /** Slots on the left by their indices in `matcher`. */
  readonly left: Uint32Array;
  /** Slots on the right likewise. */
  readonly right: Uint32Array;
  readonly matcher: PointMatcher;
  /** Indices on the left of which there may be results, and the slots of these. */
  readonly indices: readonly number[];
  readonly to: Uint32Array;
  /** Told when both sides are there, but nothing belongs together. */
  readonly onUnmatched: () => void;
}

/** Calculates of two slots what goes to a third, point by point. Which two depends on what is there. */
export class CalculateSlots implements SlotOperation {
  readonly to: Uint32Array;
  readonly #options: CalculateSlotsOptions;
  readonly #calculate: (a: number, b: number) => number;
  readonly #left: Uint32Array;
  readonly #rights = new WeakMap<Uint8Array, Int32Array>();
  #rightsOfAll: Int32Array | undefined;

  constructor(options: CalculateSlotsOptions) {
    const { calculation, indices, left, to } = options;
    this.#options = options;
    this.to = to;
    this.#left = Uint32Array.from(indices, (i) => left[i] as number);
    this.#calculate = calculations[calculation];
  }

  values(values: Float64Array, states: Uint8Array | undefined): void {
    const { to } = this;
    const left = this.#left;
    const rights = this.rights(states);
    const calculate = this.#calculate;
    for (let i = 0; i < to.length; i++) {
      const right = rights[i] as number;
      values[to[i] as number] =
        right === NO_MATCH ? 0 : calculate(values[left[i] as number] as number, values[right] as number);
    }
  }

  /** Both have to be there; when one ends, so does the result. */
  states(states: Uint8Array): void {
    const { to } = this;
    const rights = this.rights(states);
    for (let i = 0; i < to.length; i++) {
      const a = states[this.#left[i] as number];
      const b = rights[i] === NO_MATCH ? ABSENT : states[rights[i] as number];
      const ends = a === STALE || b === STALE;
      states[to[i] as number] = a === ABSENT || b === ABSENT ? ABSENT : ends ? STALE : PRESENT;
    }
  }

  /** Those of the left one. */
  times(times: BigUint64Array): void {
    const { to } = this;
    for (let i = 0; i < to.length; i++) times[to[i] as number] = times[this.#left[i] as number] as bigint;
  }

  /** By index into `to`, the slot on the right; NO_MATCH where there is no result. */
  rights(states: Uint8Array | undefined): Int32Array {
    if (states === undefined) {
      this.#rightsOfAll ??= this.#match(() => PRESENT);
      return this.#rightsOfAll;
    }
    let rights = this.#rights.get(states);
    if (rights === undefined) {
      rights = this.#match((slot) => states[slot] ?? ABSENT);
      this.#rights.set(states, rights);
    }
    return rights;
  }

  /** One that ends counts only where no other goes on. */
  #match(stateOf: (slot: number) => number): Int32Array {
    const { matcher, indices, left, right, onUnmatched } = this.#options;
    const states = new Uint8Array(right.length);
    for (let i = 0; i < right.length; i++) states[i] = stateOf(right[i] as number);
    const going = matcher.match((i) => states[i] === PRESENT);
    const all = states.includes(STALE) ? matcher.match((i) => states[i] !== ABSENT) : going;
    const slots = new Int32Array(indices.length);
    let isMatched = false;
    for (let k = 0; k < slots.length; k++) {
      const i = indices[k] as number;
      const match = going[i] === NO_MATCH ? (all[i] as number) : (going[i] as number);
      slots[k] = match === NO_MATCH ? NO_MATCH : (right[match] as number);
      isMatched ||= match !== NO_MATCH && stateOf(left[i] as number) !== ABSENT;
    }
    if (!isMatched && left.some((slot) => stateOf(slot) !== ABSENT) && states.some((s) => s !== ABSENT)) {
      onUnmatched();
    }
    return slots;
  }
}

export const calculations: Readonly<Record<Calculation, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  percent: (a, b) => (a / b) * 100,
};
