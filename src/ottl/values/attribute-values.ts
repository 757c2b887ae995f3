import { EvaluationError } from "../ottl-error.ts";
import { isInt64 } from "./numbers.ts";
import { type MapValue, typeOf } from "./value-type.ts";

const imported = new WeakMap<object, unknown>();

/**
 * An attribute value as statements see it. Attributes hold whole numbers as numbers, as OTLP encoders of JavaScript do;
 * here they are int64. Lists and maps without numbers are passed on as they are, others converted once.
 */
export function fromAttribute(value: unknown): unknown {
  if (typeof value === "number") return isInt64(value) ? BigInt(value) : value;
  if (typeof value !== "object") return value;
  if (value === null) return undefined;
  if (value instanceof Uint8Array) return value;
  let result = imported.get(value);
  if (result === undefined) {
    result = mapInner(value, fromAttribute);
    imported.set(value, result);
  }
  return result;
}

/**
 * A value as attributes hold it.
 * @throws EvaluationError for times and durations, which OTLP attributes cannot hold
 */
export function toAttribute(value: unknown): unknown {
  if (typeof value === "bigint") {
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }
  if (value === undefined) return null;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const type = typeOf(value);
  if (type === "time" || type === "duration") {
    const way = type === "time" ? "FormatTime or UnixNano" : "Seconds or Nanoseconds";
    throw new EvaluationError(`an attribute cannot hold a ${type}: convert it with ${way}`);
  }
  return mapInner(value, toAttribute);
}

/** The same object where nothing inside changes. */
function mapInner(value: object, convert: (inner: unknown) => unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(convert);
    return items.every((item, i) => Object.is(item, value[i])) ? value : items;
  }
  const entries = Object.entries(value as MapValue).map(([key, inner]) => [key, convert(inner)] as const);
  return entries.every(([key, inner]) => Object.is(inner, (value as MapValue)[key]))
    ? value
    : Object.fromEntries(entries);
}
