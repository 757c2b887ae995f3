import {
  mergeExponential,
  NO_START,
  type PointExtras,
  PRESENT,
  STALE,
  ValueType,
} from "../../metrics/index.ts";
import type { SlotOperation } from "../../reshape/index.ts";
import type { Aggregation } from "./config.ts";
import type { SlotGroups } from "./merge-slots.ts";

/** What merged points say beside their numbers: times, exact integers, extremes, exponential buckets, exemplars. */
export class MergeDetails implements SlotOperation {
  readonly #groups: SlotGroups;
  readonly #aggregation: Aggregation;

  /** @param groups of the points' own slots */
  constructor(groups: SlotGroups, aggregation: Aggregation) {
    this.#groups = groups;
    this.#aggregation = aggregation;
  }

  values(): void {}

  /** From the earliest start to the latest end. Nobody knows the start when one of them is unknown. */
  times(times: BigUint64Array, shared: bigint, states: Uint8Array | undefined, which: "end" | "start"): void {
    const timeOf = (slot: number) => times[slot] || shared;
    const choose = which === "end" ? latest : earliestStart;
    // Stale ones count where there are no others.
    for (const state of [STALE, PRESENT]) {
      for (const { to, members } of this.#inState(state, states)) times[to] = choose(members.map(timeOf));
    }
  }

  extras(extras: Map<number, PointExtras>, values: Float64Array, states: Uint8Array | undefined): void {
    for (const state of [STALE, PRESENT]) {
      for (const { to, members } of this.#inState(state, states)) {
        const details = members.map((slot) => extras.get(slot) ?? {});
        const merged = this.#merge(details);
        if (Object.keys(merged).length > 0) extras.set(to, merged);
        else extras.delete(to);
        if (merged.integer !== undefined) values[to] = Number(merged.integer);
        if (merged.exponential !== undefined) values[to] = Number(merged.exponential.count);
      }
    }
  }

  /** One that is alone keeps all that it has, unless it is counted. */
  #merge(details: readonly PointExtras[]): PointExtras {
    const [only] = details;
    if (details.length === 1 && only !== undefined && this.#aggregation !== "count") return only;
    const integer = mergeIntegers(all(details, "integer"), this.#aggregation);
    const min = all(details, "min");
    const max = all(details, "max");
    const exponential = all(details, "exponential");
    const exemplars = details.flatMap((more) => more.exemplars ?? []);
    return {
      ...(integer !== undefined && { integer }),
      ...(details.some(({ valueType }) => valueType === ValueType.DOUBLE) && { valueType: ValueType.DOUBLE }),
      ...(min && { min: Math.min(...min) }),
      ...(max && { max: Math.max(...max) }),
      ...(exponential && { exponential: exponential.reduce(mergeExponential) }),
      ...(exemplars.length > 0 && { exemplars }),
    };
  }

  *#inState(
    state: number,
    states: Uint8Array | undefined,
  ): Generator<{ to: number; members: readonly number[] }> {
    const { to, starts, members } = this.#groups;
    for (let g = 0; g < to.length; g++) {
      const all = [...members.subarray(starts[g], starts[g + 1])];
      const own = all.filter((slot) => (states?.[slot] ?? PRESENT) === state);
      if (own.length > 0) yield { to: to[g] as number, members: own };
    }
  }
}

function latest(times: readonly bigint[]): bigint {
  return times.reduce((a, b) => (b > a ? b : a));
}

function earliestStart(starts: readonly bigint[]): bigint {
  if (starts.some((start) => start === 0n || start === NO_START)) return NO_START;
  return starts.reduce((a, b) => (b < a ? b : a));
}

/** What all of them have; undefined when one has not. */
function all<Key extends keyof PointExtras>(
  details: readonly PointExtras[],
  key: Key,
): NonNullable<PointExtras[Key]>[] | undefined {
  const values = details.map((more) => more[key]);
  return values.some((value) => value === undefined)
    ? undefined
    : (values as NonNullable<PointExtras[Key]>[]);
}

function mergeIntegers(
  integers: readonly bigint[] | undefined,
  aggregation: Aggregation,
): bigint | undefined {
  if (integers === undefined) return undefined;
  switch (aggregation) {
    case "sum":
      return integers.reduce((a, b) => a + b);
    case "min":
      return integers.reduce((a, b) => (b < a ? b : a));
    case "max":
      return integers.reduce((a, b) => (b > a ? b : a));
    case "count":
      return BigInt(integers.length);
    default:
      return undefined;
  }
}
