import type { PointExtras } from "../../metrics/index.ts";
import type { SlotOperation } from "../../reshape/index.ts";
import { calculations } from "./calculate-slots.ts";
import type { Calculation } from "./config.ts";

/** Calculates of slots and a number, in place. */
export class ScalarSlots implements SlotOperation {
  readonly #slots: Uint32Array;
  readonly #calculate: (value: number) => number;

  constructor(slots: Uint32Array, calculation: Calculation, number: number) {
    const calculate = calculations[calculation];
    this.#slots = slots;
    this.#calculate = (value) => calculate(value, number);
  }

  values(values: Float64Array): void {
    const calculate = this.#calculate;
    for (const slot of this.#slots) values[slot] = calculate(values[slot] as number);
  }

  /** What comes of integers are doubles. */
  extras(extras: Map<number, PointExtras>): void {
    for (const slot of this.#slots) {
      const more = extras.get(slot);
      if (more === undefined) continue;
      const { integer: _, valueType: __, exemplars = [], ...rest } = more;
      const calculated = exemplars.map((exemplar) => ({
        ...exemplar,
        value: this.#calculate(Number(exemplar.value)),
      }));
      extras.set(slot, exemplars.length === 0 ? rest : { ...rest, exemplars: calculated });
    }
  }
}
