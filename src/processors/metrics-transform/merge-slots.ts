import { ABSENT, PRESENT, STALE } from "../../metrics/index.ts";
import type { SlotOperation } from "../../reshape/index.ts";
import type { Aggregation } from "./config.ts";

/** Groups of slots, flat: those of group `g` are `members[starts[g]]` to `members[starts[g + 1] - 1]`. */
export interface SlotGroups {
  readonly to: Uint32Array;
  readonly starts: Uint32Array;
  readonly members: Uint32Array;
}

export function slotGroups(
  groups: readonly { readonly to: number; readonly members: readonly number[] }[],
): SlotGroups {
  const starts = new Uint32Array(groups.length + 1);
  for (const [g, { members }] of groups.entries()) starts[g + 1] = (starts[g] as number) + members.length;
  return {
    to: Uint32Array.from(groups, ({ to }) => to),
    starts,
    members: Uint32Array.from(groups.flatMap(({ members }) => members)),
  };
}

/** Merges the numbers of slots whose points are present. */
export class MergeSlots implements SlotOperation {
  readonly #groups: SlotGroups;
  readonly #points: Uint32Array;
  readonly #aggregation: Aggregation;

  /** @param points slot of the point of each member; where it is another one, a member may be missing by itself */
  constructor(groups: SlotGroups, points: Uint32Array, aggregation: Aggregation) {
    this.#groups = groups;
    this.#points = points;
    this.#aggregation = aggregation;
  }

  values(values: Float64Array, states: Uint8Array | undefined): void {
    const { to, starts, members } = this.#groups;
    const points = this.#points;
    const merge = mergers[this.#aggregation];
    if (states === undefined) {
      for (let g = 0; g < to.length; g++) {
        values[to[g] as number] = merge(values, members, starts[g] as number, starts[g + 1] as number);
      }
      return;
    }
    const present = new Uint32Array(members.length);
    for (let g = 0; g < to.length; g++) {
      let count = 0;
      for (let i = starts[g] as number; i < (starts[g + 1] as number); i++) {
        if (states[points[i] as number] === PRESENT) present[count++] = members[i] as number;
      }
      values[to[g] as number] = count === 0 ? 0 : merge(values, present, 0, count);
    }
  }

  /** Present if any point is; stale if those that are there all end. A part that one of them lacks is lacking. */
  states(states: Uint8Array): void {
    const { to, starts, members } = this.#groups;
    for (let g = 0; g < to.length; g++) {
      let state: number = ABSENT;
      let isComplete = true;
      for (let i = starts[g] as number; i < (starts[g + 1] as number); i++) {
        const own = states[this.#points[i] as number];
        if (own === PRESENT) {
          state = PRESENT;
          isComplete &&= states[members[i] as number] === PRESENT;
        } else if (own === STALE && state === ABSENT) state = STALE;
      }
      states[to[g] as number] = isComplete ? state : ABSENT;
    }
  }
}

type Merge = (values: Float64Array, members: Uint32Array, from: number, to: number) => number;

const mergers: Readonly<Record<Aggregation, Merge>> = {
  sum,
  mean: (values, members, from, to) => sum(values, members, from, to) / (to - from),
  min: (values, members, from, to) => {
    let least = values[members[from] as number] as number;
    for (let i = from + 1; i < to; i++) least = Math.min(least, values[members[i] as number] as number);
    return least;
  },
  max: (values, members, from, to) => {
    let most = values[members[from] as number] as number;
    for (let i = from + 1; i < to; i++) most = Math.max(most, values[members[i] as number] as number);
    return most;
  },
  count: (_values, _members, from, to) => to - from,
  median: (values, members, from, to) => {
    const sorted = new Float64Array(to - from);
    for (let i = from; i < to; i++) sorted[i - from] = values[members[i] as number] as number;
    sorted.sort();
    const middle = sorted.length >> 1;
    const upper = sorted[middle] as number;
    return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
  },
};

function sum(values: Float64Array, members: Uint32Array, from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i++) total += values[members[i] as number] as number;
  return total;
}
