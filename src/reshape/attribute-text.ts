/**
 * An attribute value as text, as the Collector compares and prints it: numbers and booleans as they are written, bytes
 * in base64, lists and maps as JSON, nothing as an empty text.
 */
export function attributeText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return typeof value === "object" ? JSON.stringify(value, jsonValue) : String(value);
}

function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return value instanceof Uint8Array ? attributeText(value) : value;
}
