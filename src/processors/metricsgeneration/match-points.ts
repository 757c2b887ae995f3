import type { Attributes } from "../../metrics/index.ts";
import { seriesKey } from "../../temporality/index.ts";

/**
 * Finds for each point on the left the one on the right that belongs to it: with equal attributes; else the only one
 * whose attributes do not contradict, which is to say that those that both have are equal.
 * @returns by index on the left an index on the right, -1 where there is none or where there are several
 */
export function matchPoints(left: readonly Attributes[], right: readonly Attributes[]): Int32Array {
  const matches = new Int32Array(left.length).fill(-1);
  const equal = new Map<string, number>();
  for (const [i, attributes] of right.entries()) {
    const key = seriesKey(attributes);
    if (!equal.has(key)) equal.set(key, i);
  }
  const open: number[] = [];
  for (const [i, attributes] of left.entries()) {
    const found = equal.get(seriesKey(attributes));
    if (found === undefined) open.push(i);
    else matches[i] = found;
  }
  if (open.length === 0) return matches;
  const rightShapes = shapes(right, [...right.keys()]);
  for (const { names, indices } of shapes(left, open)) {
    const candidates = indices.map((): number[] => []);
    for (const other of rightShapes) {
      const shared = names.filter((name) => other.names.includes(name));
      const byValues = Map.groupBy(other.indices, (i) => valuesKey(right[i] ?? {}, shared));
      for (const [position, i] of indices.entries()) {
        const found = byValues.get(valuesKey(left[i] ?? {}, shared)) ?? [];
        // Two are as good as any number: it cannot be told which.
        candidates[position]?.push(...found.slice(0, 2));
      }
    }
    for (const [position, i] of indices.entries()) {
      const [only, another] = candidates[position] ?? [];
      if (only !== undefined && another === undefined) matches[i] = only;
    }
  }
  return matches;
}

interface Shape {
  readonly names: readonly string[];
  readonly indices: readonly number[];
}

/** Points with the same names of attributes: few shapes, however many points. */
function shapes(attributes: readonly Attributes[], indices: readonly number[]): Shape[] {
  const groups = new Map<string, { readonly names: readonly string[]; readonly indices: number[] }>();
  for (const i of indices) {
    const names = Object.keys(attributes[i] ?? {}).sort();
    const key = JSON.stringify(names);
    const group = groups.get(key) ?? { names, indices: [] };
    group.indices.push(i);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function valuesKey(attributes: Attributes, names: readonly string[]): string {
  return seriesKey(Object.fromEntries(names.map((name) => [name, attributes[name]])));
}
