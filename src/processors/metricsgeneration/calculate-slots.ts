import { ABSENT, PRESENT, STALE } from "../../metrics/index.ts";
import type { SlotOperation } from "../../reshape/index.ts";
import type { Calculation } from "./config.ts";

/** Calculates of two slots what goes to a third, point by point. */
export class CalculateSlots implements SlotOperation {
  readonly left: Uint32Array;
  readonly right: Uint32Array;
  readonly to: Uint32Array;
  readonly #calculate: (a: number, b: number) => number;
  /** Whether there is no result where the right one is zero. */
  readonly divides: boolean;

  constructor(
    slots: {
      readonly left: readonly number[];
      readonly right: readonly number[];
      readonly to: readonly number[];
    },
    calculation: Calculation,
  ) {
    this.left = Uint32Array.from(slots.left);
    this.right = Uint32Array.from(slots.right);
    this.to = Uint32Array.from(slots.to);
    this.#calculate = calculations[calculation];
    this.divides = calculation === "divide" || calculation === "percent";
  }

  values(values: Float64Array): void {
    const { left, right, to } = this;
    const calculate = this.#calculate;
    for (let i = 0; i < to.length; i++) {
      values[to[i] as number] = calculate(
        values[left[i] as number] as number,
        values[right[i] as number] as number,
      );
    }
  }

  /** Both have to be there; when one ends, so does the result. */
  states(states: Uint8Array): void {
    const { left, right, to } = this;
    for (let i = 0; i < to.length; i++) {
      const [a, b] = [states[left[i] as number], states[right[i] as number]];
      const ends = a === STALE || b === STALE;
      states[to[i] as number] = a === ABSENT || b === ABSENT ? ABSENT : ends ? STALE : PRESENT;
    }
  }

  /** Those of the left one. */
  times(times: BigUint64Array): void {
    const { left, to } = this;
    for (let i = 0; i < to.length; i++) times[to[i] as number] = times[left[i] as number] as bigint;
  }
}

export const calculations: Readonly<Record<Calculation, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  percent: (a, b) => (a / b) * 100,
};
