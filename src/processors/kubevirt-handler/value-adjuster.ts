import { type Column, ColumnBuffers, PRESENT } from "../../metrics/index.ts";
import { PresenceKeeper } from "../../temporality/index.ts";
import { type PointPlace, slotOf } from "./layout-writer.ts";
import type { MappedLayout } from "./mapped-layout.ts";

/** Writes values that are not those of the source: in copies, which are lent until they are given back. */
export class ValueAdjuster {
  readonly #buffers = new ColumnBuffers();
  readonly #keepers = new WeakMap<MappedLayout, PresenceKeeper>();

  /** With values in the documented unit. The column itself where nothing is to be done. */
  adjust({ adjustments: { divided, fixed }, layout }: MappedLayout, column: Column): Column {
    if (divided.length + fixed.length === 0) return column;
    const values = this.#copy(column, layout.width);
    for (const { slots, divisor } of divided) {
      for (const slot of slots) values[slot] = (values[slot] as number) / divisor;
    }
    for (const { slot, value } of fixed) values[slot] = value;
    const slots = [...divided.flatMap((part) => [...part.slots]), ...fixed.map(({ slot }) => slot)];
    return column.with({ values, extras: withoutIntegers(column, slots) });
  }

  /** Adds up points that cannot be told apart, where several are there. Of summaries the first stays. */
  merge(mapped: MappedLayout, column: Column): { readonly column: Column; readonly merged: number } {
    const { presence } = column;
    const groups = mapped.ambiguous
      .map((places) => places.filter((place) => presence.at(slotOf(place)) === PRESENT))
      .filter((places) => places.length > 1 && haveOneTime(places, column));
    if (groups.length === 0) return { column, merged: 0 };
    const values = this.#copy(column, mapped.layout.width);
    let keeper = this.#keepers.get(mapped);
    if (keeper === undefined) {
      keeper = new PresenceKeeper();
      this.#keepers.set(mapped, keeper);
    }
    keeper.begin(presence, mapped.layout.width);
    for (const [first, ...others] of groups) {
      for (const other of others) {
        add(values, first as PointPlace, other);
        keeper.remove(slotOf(other));
      }
    }
    const slots = groups.map(([first]) => slotOf(first as PointPlace));
    return {
      column: column.with({ values, presence: keeper.end(), extras: withoutIntegers(column, slots) }),
      merged: groups.reduce((sum, { length }) => sum + length - 1, 0),
    };
  }

  /** Takes back the arrays that a result has and its source has not. */
  release(result: Column, source: Column): void {
    if (result.values !== source.values && !result.retained) this.#buffers.recycle(result.values);
  }

  #copy({ values }: Column, width: number): Float64Array {
    const copy = this.#buffers.takeValues(width);
    copy.set(values.subarray(0, width));
    return copy;
  }
}

/** Points of their own time are several points of a series, not several series. */
function haveOneTime(places: readonly PointPlace[], column: Column): boolean {
  return (
    column.times === undefined || new Set(places.map((place) => column.timeAt(slotOf(place)))).size === 1
  );
}

function add(values: Float64Array, to: PointPlace, from: PointPlace): void {
  const pairs: (readonly [number, number])[] = [];
  if (typeof to === "number" && typeof from === "number") pairs.push([to, from]);
  else if (typeof to === "object" && typeof from === "object" && "buckets" in to && "buckets" in from) {
    if (to.bounds.join() !== from.bounds.join()) return;
    pairs.push([to.count, from.count]);
    if (to.sum >= 0 && from.sum >= 0) pairs.push([to.sum, from.sum]);
    to.buckets.forEach((slot, i) => {
      pairs.push([slot, from.buckets[i] as number]);
    });
  }
  for (const [a, b] of pairs) values[a] = (values[a] as number) + (values[b] as number);
}

function withoutIntegers({ extras }: Column, slots: readonly number[]): Column["extras"] {
  if (extras === undefined || !slots.some((slot) => extras.get(slot)?.integer !== undefined)) return extras;
  const result = new Map(extras);
  for (const slot of slots) {
    const { integer: _, ...kept } = result.get(slot) ?? {};
    result.set(slot, kept);
  }
  return result;
}
