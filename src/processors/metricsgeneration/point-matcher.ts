import type { Attributes } from "../../metrics/index.ts";
import { seriesKey } from "../../temporality/index.ts";

/** What `match` says of a point on the left that none, or more than one, belongs to. */
export const NO_MATCH = -1;

/**
 * Finds for each point on the left the one on the right that belongs to it, among those that are there at the time: with
 * equal attributes; else the only one whose attributes do not contradict, which is to say that those that both have are
 * equal.
 */
export class PointMatcher {
  readonly #left: readonly Attributes[];
  readonly #right: readonly Attributes[];
  /** By index on the left, the first one with equal attributes; by index on the right, the next one. */
  readonly #firstEqual: Int32Array;
  readonly #nextEqual: Int32Array;
  /** By index on the left, found when they are asked for: most points have an equal one. */
  readonly #agreeing: (readonly (readonly number[])[])[] = [];
  #shapes: readonly Shape[] | undefined;
  /** Indices of a shape on the right by the values of some names. */
  readonly #byValues = new Map<string, ReadonlyMap<string, readonly number[]>>();

  constructor(left: readonly Attributes[], right: readonly Attributes[]) {
    this.#left = left;
    this.#right = right;
    this.#nextEqual = new Int32Array(right.length);
    const firsts = new Map<string, number>();
    for (let i = right.length - 1; i >= 0; i--) {
      const key = seriesKey(right[i] as Attributes);
      this.#nextEqual[i] = firsts.get(key) ?? NO_MATCH;
      firsts.set(key, i);
    }
    this.#firstEqual = new Int32Array(left.length);
    for (const [i, attributes] of left.entries()) {
      this.#firstEqual[i] = firsts.get(seriesKey(attributes)) ?? NO_MATCH;
    }
  }

  /** Whether there could be a match for the point, if the right ones are there. */
  canMatch(index: number): boolean {
    return this.#firstEqual[index] !== NO_MATCH || this.#agreeingOf(index).length > 0;
  }

  /**
   * @param isThere tells it of an index on the right
   * @returns by index on the left an index on the right, or NO_MATCH
   */
  match(isThere: (index: number) => boolean): Int32Array {
    const onlyOf = new Map<readonly number[], number>();
    const matches = new Int32Array(this.#left.length);
    for (let i = 0; i < matches.length; i++) {
      let match = this.#firstEqual[i] as number;
      while (match !== NO_MATCH && !isThere(match)) match = this.#nextEqual[match] as number;
      matches[i] = match === NO_MATCH ? this.#onlyAgreeing(i, isThere, onlyOf) : match;
    }
    return matches;
  }

  /** @param onlyOf what was found in each group, as they serve many points */
  #onlyAgreeing(
    index: number,
    isThere: (index: number) => boolean,
    onlyOf: Map<readonly number[], number>,
  ): number {
    let only = NO_MATCH;
    for (const group of this.#agreeingOf(index)) {
      let found = onlyOf.get(group);
      if (found === undefined) {
        found = onlyOne(group, isThere);
        onlyOf.set(group, found);
      }
      if (found === NO_MATCH) continue;
      if (found === SEVERAL || only !== NO_MATCH) return NO_MATCH;
      only = found;
    }
    return only;
  }

  /** Those that do not contradict, one group for each shape that has any. */
  #agreeingOf(index: number): readonly (readonly number[])[] {
    let groups = this.#agreeing[index];
    if (groups === undefined) {
      const own = this.#left[index] as Attributes;
      this.#shapes ??= shapesOf(this.#right);
      groups = this.#shapes.flatMap((shape) => {
        const shared = shape.names.filter((name) => Object.hasOwn(own, name));
        const group = this.#group(shape, shared).get(valuesKey(own, shared));
        return group === undefined ? [] : [group];
      });
      this.#agreeing[index] = groups;
    }
    return groups;
  }

  #group({ key, indices }: Shape, names: readonly string[]): ReadonlyMap<string, readonly number[]> {
    const id = `${key} ${JSON.stringify(names)}`;
    let groups = this.#byValues.get(id);
    if (groups === undefined) {
      groups = Map.groupBy(indices, (i) => valuesKey(this.#right[i] as Attributes, names));
      this.#byValues.set(id, groups);
    }
    return groups;
  }
}

const SEVERAL = -2;

function onlyOne(indices: readonly number[], isThere: (index: number) => boolean): number {
  let only = NO_MATCH;
  for (const index of indices) {
    if (!isThere(index)) continue;
    if (only !== NO_MATCH) return SEVERAL;
    only = index;
  }
  return only;
}

/** Points with the same names of attributes: few shapes, however many points. */
interface Shape {
  readonly key: string;
  readonly names: readonly string[];
  readonly indices: readonly number[];
}

function shapesOf(attributes: readonly Attributes[]): Shape[] {
  const namesOf = (i: number) => Object.keys(attributes[i] as Attributes).sort();
  return Array.from(
    Map.groupBy(attributes.keys(), (i) => JSON.stringify(namesOf(i))),
    ([key, indices]) => ({ key, indices, names: namesOf(indices[0] as number) }),
  );
}

function valuesKey(attributes: Attributes, names: readonly string[]): string {
  return seriesKey(Object.fromEntries(names.map((name) => [name, attributes[name]])));
}
