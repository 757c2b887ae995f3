import { isMap, type MapValue } from "../values/value-type.ts";

/**
 * Moves what is nested to the root, under keys joined with dots.
 * @param depth levels to flatten; what is deeper stays nested
 * @param resolve gives keys that come twice a number (`.0`, `.1` …), and items of lists likewise, instead of letting the
 * later one win
 */
export function flattenMap(source: MapValue, prefix: string, depth: number, resolve: boolean): MapValue {
  const result = new Map<string, unknown>();
  const seen = new Map<string, number>();
  const put = (key: string, value: unknown) => {
    if (!resolve) {
      result.set(key, value);
      return;
    }
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    result.set(count === 0 ? key : `${key}.${count - 1}`, value);
  };
  const walk = (value: unknown, key: string, level: number): void => {
    const isNested = isMap(value) || Array.isArray(value);
    if (!isNested || level > depth) {
      put(key, value);
      return;
    }
    const children = Array.isArray(value) ? value.entries() : Object.entries(value as MapValue);
    for (const [name, child] of children) {
      walk(child, Array.isArray(value) && resolve ? key : `${key}.${name}`, level + 1);
    }
  };
  for (const [name, value] of Object.entries(source))
    walk(value, prefix === "" ? name : `${prefix}.${name}`, 1);
  return Object.fromEntries(result);
}
