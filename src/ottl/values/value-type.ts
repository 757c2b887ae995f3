import { Duration, Instant } from "./time.ts";

/**
 * Values as statements see them: undefined is nil, bigint is int64, number is float64, Uint8Array is bytes, arrays
 * and plain objects are lists and maps. `any` is what only the data can say.
 */
export type ValueType =
  | "nil"
  | "bool"
  | "int"
  | "float"
  | "string"
  | "bytes"
  | "list"
  | "map"
  | "time"
  | "duration"
  | "any";

export type MapValue = Readonly<Record<string, unknown>>;

export function typeOf(value: unknown): ValueType {
  switch (typeof value) {
    case "undefined":
      return "nil";
    case "boolean":
      return "bool";
    case "bigint":
      return "int";
    case "number":
      return "float";
    case "string":
      return "string";
    default:
      if (value === null) return "nil";
      if (Array.isArray(value)) return "list";
      if (value instanceof Uint8Array) return "bytes";
      if (value instanceof Instant) return "time";
      return value instanceof Duration ? "duration" : "map";
  }
}

export function isMap(value: unknown): value is MapValue {
  return typeOf(value) === "map";
}
