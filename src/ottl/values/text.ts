import { compareText } from "./compare.ts";
import { formatDurationNs } from "./duration-text.ts";
import { formatInstant } from "./format-time.ts";
import { formatFloat } from "./numbers.ts";
import type { Duration, Instant } from "./time.ts";
import { type MapValue, typeOf } from "./value-type.ts";

/**
 * A value as text, as converters that take anything "like a string" see it; undefined for nil. Bytes are hex, lists and
 * maps JSON.
 */
export function toText(value: unknown): string | undefined {
  switch (typeOf(value)) {
    case "nil":
      return undefined;
    case "string":
      return value as string;
    case "float":
      return formatFloat(value as number);
    case "bytes":
      return Buffer.from(value as Uint8Array).toString("hex");
    case "list":
    case "map":
      return htmlSafe(toJson(value));
    case "time":
      return formatInstant(value as Instant);
    case "duration":
      return formatDurationNs((value as Duration).ns);
    default:
      return String(value);
  }
}

/** A value as text, as the Collector writes values of attributes: bytes are base64, nil is empty. */
export function attributeString(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value === "object" || Number.isFinite(value)) return toJson(value);
  return toText(value) ?? "";
}

/** JSON as Go's encoding/json writes it: keys in order, no spaces; its numbers look like JavaScript's. */
export function toJson(value: unknown): string {
  switch (typeOf(value)) {
    case "list":
      return `[${(value as readonly unknown[]).map(toJson).join(",")}]`;
    case "map": {
      const map = value as MapValue;
      const keys = Object.keys(map).toSorted(compareText);
      return `{${keys.map((key) => `${JSON.stringify(key)}:${toJson(map[key])}`).join(",")}}`;
    }
    case "bytes":
      return JSON.stringify(Buffer.from(value as Uint8Array).toString("base64"));
    case "nil":
      return "null";
    case "float":
      return Number.isFinite(value) ? String(value) : "null";
    case "string":
    case "time":
    case "duration":
      return JSON.stringify(toText(value));
    default:
      return String(value);
  }
}

/** JSON with what could be HTML escaped, as the Collector's `String` writes it. */
function htmlSafe(json: string): string {
  return json.replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
