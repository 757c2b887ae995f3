import { ABSENT, type Column, memoise, PRESENT, Presence, STALE } from "../../metrics/index.ts";
import { type LayoutStreams, PresenceKeeper } from "../../temporality/index.ts";
import { slotOf } from "./layout-writer.ts";
import type { MappedLayout } from "./mapped-layout.ts";

/**
 * The column as the mapped layout needs it: parts of a histogram are there, gone and timed as the histogram is, and of
 * points that became the same series a stale one does not contradict the one that goes on. The same presence gives the
 * same result.
 */
export function adaptColumn(mapped: MappedLayout, column: Column): Column {
  const presence = adaptedPresences(mapped)(column.presence);
  const times = splitTimes(mapped, column.times);
  const startTimes = splitTimes(mapped, column.startTimes);
  if (presence === column.presence && times === column.times && startTimes === column.startTimes)
    return column;
  return column.with({ presence, times, startTimes });
}

const adaptedPresences = memoise((mapped: MappedLayout) =>
  memoise((presence: Presence) => adapt(mapped, presence)),
);

function adapt({ split, ambiguous }: MappedLayout, presence: Presence): Presence {
  if (presence.states === undefined || (split.length === 0 && ambiguous.length === 0)) return presence;
  const states = presence.states.slice();
  for (const { count, sum, buckets } of split) {
    const state = states[count] as number;
    if (state === PRESENT) continue;
    for (const slot of buckets) states[slot] = state;
    if (sum >= 0) states[sum] = state;
  }
  for (const places of ambiguous) {
    const slots = places.map(slotOf);
    let goesOn = slots.some((slot) => states[slot] === PRESENT);
    for (const slot of slots) {
      if (states[slot] !== STALE) continue;
      if (goesOn) states[slot] = ABSENT;
      goesOn = true;
    }
  }
  return Buffer.compare(states, presence.states) === 0 ? presence : new Presence(states);
}

/** A histogram's own time stands at its count only. */
function splitTimes({ split }: MappedLayout, times: BigUint64Array | undefined): BigUint64Array | undefined {
  if (times === undefined) return undefined;
  let result = times;
  for (const { count, sum, buckets } of split) {
    const time = times[count] as bigint;
    if (time === 0n || (buckets.every((slot) => times[slot] === time) && (sum < 0 || times[sum] === time)))
      continue;
    if (result === times) result = times.slice();
    for (const slot of buckets) result[slot] = time;
    if (sum >= 0) result[sum] = time;
  }
  return result;
}

/** Takes points that are no numbers out of counters and histograms. */
export class FiniteFilter {
  /** Points taken out of the last column. */
  dropped = 0;
  readonly #slots = memoise(slotsOf);
  readonly #keepers = memoise((_: LayoutStreams) => new PresenceKeeper());

  apply(streams: LayoutStreams, column: Column): Column {
    this.dropped = 0;
    const { values } = column;
    // NaN times 0 and infinity times 0 are NaN: one pass without branches says that all is well.
    let probe = 0;
    const slots = this.#slots(streams);
    for (let i = 0; i < slots.length; i++) probe += (values[slots[i] as number] as number) * 0;
    if (probe === 0) return column;
    const keeper = this.#keepers(streams);
    keeper.begin(column.presence, streams.width);
    const check = (slot: number, point: number) => {
      if (Number.isFinite(values[slot]) || column.presence.at(point) !== PRESENT) return true;
      keeper.remove(point);
      this.dropped++;
      return false;
    };
    for (const { slots } of streams.numbers) for (const slot of slots) check(slot, slot);
    for (const { histograms, whole } of streams.histograms) {
      for (const { count, sum, buckets } of histograms) {
        if (whole) {
          // One point: any bad count is the end of it, a bad sum only of the sum.
          if ([count, ...buckets].every((slot) => check(slot, count)) && sum >= 0) check(sum, sum);
        } else for (const slot of [count, ...buckets, ...(sum >= 0 ? [sum] : [])]) check(slot, slot);
      }
    }
    const presence = keeper.end();
    return presence === column.presence ? column : column.with({ presence });
  }
}

function slotsOf({ numbers, histograms }: LayoutStreams): Uint32Array {
  const all: number[] = [];
  for (const { slots } of numbers) for (const slot of slots) all.push(slot);
  for (const { histograms: points } of histograms) {
    for (const { count, sum, buckets } of points) {
      all.push(count, ...buckets);
      if (sum >= 0) all.push(sum);
    }
  }
  return Uint32Array.from(all);
}
