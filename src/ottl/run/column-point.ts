import {
  type Attributes,
  type Column,
  type HrTime,
  NO_RECORDED_VALUE,
  nsToHrTime,
  STALE,
} from "../../metrics/index.ts";
import type { PointData, PointDraft } from "../context/draft.ts";

/** One point after the other of a column, as statements read points. Composite values are not there. */
export class ColumnPoint implements PointDraft {
  attributes: Attributes = {};
  readonly origin = undefined;
  readonly data: PointData;

  #slot = 0;

  constructor(column: Column) {
    const slotOf = () => this.#slot;
    this.data = {
      get startTime(): HrTime {
        return nsToHrTime(column.startAt(slotOf()));
      },
      get endTime(): HrTime {
        return nsToHrTime(column.timeAt(slotOf()));
      },
      get value(): number | bigint {
        const slot = slotOf();
        if (column.presence.at(slot) === STALE) return Number.NaN;
        return column.extras?.get(slot)?.integer ?? (column.values[slot] as number);
      },
      get flags(): number {
        const slot = slotOf();
        const stale = column.presence.at(slot) === STALE ? NO_RECORDED_VALUE : 0;
        return (column.extras?.get(slot)?.flags ?? 0) | stale;
      },
      get valueType() {
        return column.extras?.get(slotOf())?.valueType;
      },
    } as PointData;
  }

  move(slot: number, attributes: Attributes): void {
    this.#slot = slot;
    this.attributes = attributes;
  }
}
