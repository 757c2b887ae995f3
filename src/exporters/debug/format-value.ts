import type { Attributes, HrTime } from "../../metrics/index.ts";

/** An attribute value as text; lists and maps as JSON. */
export function formatValue(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value === "object" && value !== null) return JSON.stringify(value, jsonSafe);
  return String(value);
}

/** `Str(x)`, `Int(1)`, … as the Collector's debug exporter tells types apart. */
export function formatTypedValue(value: unknown): string {
  return `${typeName(value)}(${value === null ? "" : formatValue(value)})`;
}

/** `a=1 b=x` */
export function formatPairs(attributes: Attributes, separator: string): string {
  return Object.entries(attributes)
    .map(([key, value]) => `${key}=${formatValue(value)}`)
    .join(separator);
}

/** `2020-02-11 20:26:12.000000321 +0000 UTC`, the way Go prints times. */
export function formatTime([seconds, nanoseconds]: HrTime): string {
  const [date, time] = new Date(seconds * 1000).toISOString().slice(0, 19).split("T");
  const fraction = String(nanoseconds).padStart(9, "0").replace(/0+$/, "");
  return `${date} ${time}${fraction === "" ? "" : `.${fraction}`} +0000 UTC`;
}

function typeName(value: unknown): string {
  switch (typeof value) {
    case "string":
      return "Str";
    case "boolean":
      return "Bool";
    case "bigint":
      return "Int";
    case "number":
      return Number.isInteger(value) ? "Int" : "Double";
    default:
      if (value === null || value === undefined) return "Empty";
      if (value instanceof Uint8Array) return "Bytes";
      return Array.isArray(value) ? "Slice" : "Map";
  }
}

function jsonSafe(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return typeof value === "bigint" ? String(value) : value;
}
