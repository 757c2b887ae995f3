import { type PointExtras, ValueType } from "../../metrics/index.ts";
import type { SlotOperation } from "../../reshape/index.ts";

/** Makes integers of doubles, without their fractions, or the other way round. */
export class ConvertSlots implements SlotOperation {
  readonly #slots: Uint32Array;
  readonly #type: ValueType;

  constructor(slots: Uint32Array, type: ValueType) {
    this.#slots = slots;
    this.#type = type;
  }

  values(values: Float64Array): void {
    if (this.#type === ValueType.DOUBLE) return;
    for (const slot of this.#slots) values[slot] = Math.trunc(values[slot] as number);
  }

  /** A point's own type gives way to the metric's new one. */
  extras(extras: Map<number, PointExtras>): void {
    for (const slot of this.#slots) {
      const more = extras.get(slot);
      if (more === undefined) continue;
      const { integer, valueType: _, ...rest } = more;
      const kept = integer !== undefined && this.#type === ValueType.INT ? { ...rest, integer } : rest;
      extras.set(slot, kept);
    }
  }
}
