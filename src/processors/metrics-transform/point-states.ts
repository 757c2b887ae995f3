import { ABSENT, PRESENT, type Presence, STALE } from "../../metrics/index.ts";

/** Which points are there, for who works out a plan. What was asked for is noted: the plan holds where it is the same. */
export class PointStates {
  readonly #presence: Presence;
  readonly #asked = new Map<number, number>();
  readonly #madeOf = new Map<number, readonly number[]>();

  constructor(presence: Presence) {
    this.#presence = presence;
  }

  /** What the plan depends on: states by slot of the source. */
  get asked(): ReadonlyMap<number, number> {
    return this.#asked;
  }

  /** The point of `slot` will be there if one of `members` is, and end if all that are there end. */
  made(slot: number, members: readonly number[]): void {
    this.#madeOf.set(slot, members);
  }

  /** State of a point. */
  of(slot: number): number {
    const members = this.#madeOf.get(slot);
    if (members === undefined) {
      const state = this.#presence.at(slot);
      this.#asked.set(slot, state);
      return state;
    }
    let state: number = ABSENT;
    for (const member of members) {
      const own = this.of(member);
      if (own === PRESENT) return PRESENT;
      if (own === STALE) state = STALE;
    }
    return state;
  }
}
