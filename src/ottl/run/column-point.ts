import {
  type Attributes,
  type Column,
  type HrTime,
  NO_RECORDED_VALUE,
  nsToHrTime,
  STALE,
  type ValueType,
} from "../../metrics/index.ts";
import type { PointData, PointDraft } from "../context/draft.ts";

/** One point after the other of a column, as statements read points. Composite values are not there. */
export class ColumnPoint implements PointDraft {
  attributes: Attributes = {};
  readonly origin = undefined;
  readonly data: SlotData;

  constructor(column: Column) {
    this.data = new SlotData(column);
  }

  move(slot: number, attributes: Attributes): void {
    this.attributes = attributes;
    this.data.move(slot);
  }
}

/** What most conditions read is a plain property, the rest is made when it is asked for. */
class SlotData implements PointData {
  value: number | bigint = 0;
  readonly #column: Column;
  #slot = 0;

  constructor(column: Column) {
    this.#column = column;
  }

  move(slot: number): void {
    const { values, presence, extras } = this.#column;
    this.#slot = slot;
    this.value =
      presence.at(slot) === STALE ? Number.NaN : (extras?.get(slot)?.integer ?? (values[slot] as number));
  }

  get startTime(): HrTime {
    return nsToHrTime(this.#column.startAt(this.#slot));
  }

  get endTime(): HrTime {
    return nsToHrTime(this.#column.timeAt(this.#slot));
  }

  get flags(): number {
    const stale = this.#column.presence.at(this.#slot) === STALE ? NO_RECORDED_VALUE : 0;
    return (this.#column.extras?.get(this.#slot)?.flags ?? 0) | stale;
  }

  /** Undefined is that of the metric. */
  get valueType(): ValueType {
    return this.#column.extras?.get(this.#slot)?.valueType as ValueType;
  }
}
