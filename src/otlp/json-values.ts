import type { Attributes, Count } from "../metrics/index.ts";
import { fitsInt64, isIntAttribute } from "./encode-attributes.ts";

const MAX_UINT64 = 2n ** 64n - 1n;

/** A double as protobuf's JSON mapping has it. */
export function doubleJson(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0" : String(value);
  return Number.isNaN(value) ? '"NaN"' : value > 0 ? '"Infinity"' : '"-Infinity"';
}

export function countsJson(counts: readonly Count[]): string {
  return counts.length === 0 ? "[]" : `["${counts.map(countText).join('","')}"]`;
}

/** A count as the protobuf encoding carries it: a whole number from 0 to 2^64 - 1. */
export function countText(count: Count): string {
  if (typeof count === "number" && count >= 0 && count <= Number.MAX_SAFE_INTEGER) {
    return String(Math.floor(count));
  }
  if (typeof count === "number" && !(count > 0)) return "0";
  const value = count === Infinity ? MAX_UINT64 : BigInt(count);
  return String(value < 0n ? 0n : value > MAX_UINT64 ? MAX_UINT64 : value);
}

/** Attributes as a list of KeyValue messages. */
export function attributesJson(attributes: Attributes): string {
  const fields = Object.keys(attributes).map(
    (key) => `{"key":${JSON.stringify(key)},"value":${anyValueJson(attributes[key])}}`,
  );
  return `[${fields.join(",")}]`;
}

function anyValueJson(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `{"stringValue":${JSON.stringify(value)}}`;
    case "boolean":
      return `{"boolValue":${value}}`;
    case "number":
      return isIntAttribute(value) ? `{"intValue":"${value}"}` : `{"doubleValue":${doubleJson(value)}}`;
    case "bigint":
      return fitsInt64(value) ? `{"intValue":"${value}"}` : `{"stringValue":"${value}"}`;
    case "object":
      if (value === null) return "{}";
      if (value instanceof Uint8Array) return `{"bytesValue":"${Buffer.from(value).toString("base64")}"}`;
      if (Array.isArray(value)) return `{"arrayValue":{"values":[${value.map(anyValueJson).join(",")}]}}`;
      return `{"kvlistValue":{"values":${attributesJson(value as Attributes)}}}`;
    default:
      return "{}";
  }
}
