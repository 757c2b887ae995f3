import { EvaluationError } from "../ottl-error.ts";
import { isMap, typeOf } from "../values/value-type.ts";

/** A longer list than this would be made for a mistyped index. */
const MAX_PADDING = 1000;

/** What lies under a key of a map or an index of a list; nil has nothing under any key. Throws EvaluationError. */
export function readKey(container: unknown, key: unknown): unknown {
  if (container === undefined || container === null) return undefined;
  if (typeof key === "string") {
    if (!isMap(container))
      throw new EvaluationError(`${typeOf(container)} has no keys, got [${JSON.stringify(key)}]`);
    return Object.hasOwn(container, key) ? container[key] : undefined;
  }
  const index = indexOf(key);
  if (!Array.isArray(container))
    throw new EvaluationError(`${typeOf(container)} has no indices, got [${index}]`);
  if (index >= container.length) {
    throw new EvaluationError(`index ${index} is out of range for a list of ${container.length}`);
  }
  return container[index];
}

/** The container with another value under the keys; maps on the way are made where there is nothing. */
export function writeKeys(container: unknown, keys: readonly unknown[], value: unknown): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  if (typeof key === "string") {
    if (container !== undefined && container !== null && !isMap(container)) {
      throw new EvaluationError(`${typeOf(container)} has no keys, got [${JSON.stringify(key)}]`);
    }
    const inner = container && Object.hasOwn(container, key) ? container[key] : undefined;
    return { ...container, [key]: writeKeys(inner, rest, value) };
  }
  const index = indexOf(key);
  if (container !== undefined && container !== null && !Array.isArray(container)) {
    throw new EvaluationError(`${typeOf(container)} has no indices, got [${index}]`);
  }
  const items: unknown[] = [...((container ?? []) as readonly unknown[])];
  if (index > items.length + MAX_PADDING) {
    throw new EvaluationError(`index ${index} is out of range for a list of ${items.length}`);
  }
  while (items.length < index) items.push(null);
  items[index] = writeKeys(items[index], rest, value);
  return items;
}

function indexOf(key: unknown): number {
  if (typeof key !== "bigint") throw new EvaluationError(`a key is a string or an int, got ${typeOf(key)}`);
  if (key < 0n || key > 2n ** 31n) throw new EvaluationError(`index ${key} is out of range`);
  return Number(key);
}
