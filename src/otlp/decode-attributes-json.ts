import type { Attributes } from "../metrics/index.ts";
import { checkDepth, safeInteger, setAttribute } from "./decode-attributes.ts";
import {
  asObject,
  boolean,
  double,
  type JsonObject,
  message,
  scalars,
  signedValue,
  text,
  wrong,
} from "./json-fields.ts";

/** Reads attributes of one request: equal sets become one object. */
export class JsonAttributes {
  readonly #known = new Map<string, Attributes>();

  read(fields: JsonObject, name: string): Attributes {
    const key = stringsKey(fields[name]);
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const attributes = keyValues(fields, name, 0);
    if (key !== undefined) this.#known.set(key, attributes);
    return attributes;
  }
}

/** Names a list of nothing but string attributes, as those of series are; undefined for any other. */
function stringsKey(list: unknown): string | undefined {
  if (list === undefined || list === null) return "";
  if (!Array.isArray(list)) return undefined;
  let key = "";
  for (const item of list) {
    const name: unknown = item?.key;
    const value: unknown = item?.value?.stringValue;
    if (typeof name !== "string" || typeof value !== "string") return undefined;
    // The lengths keep apart what the same characters could be cut into.
    key += `${name.length}:${value.length}:${name}${value}`;
  }
  return key;
}

function keyValues(fields: JsonObject, name: string, depth: number): Attributes {
  const attributes: Record<string, unknown> = {};
  for (const item of scalars(fields, name, (_, value) => asObject(value))) {
    const value = message(item, "value", (any) => anyValue(any, depth)) ?? null;
    setAttribute(attributes, text(item, "key"), value);
  }
  return Object.freeze(attributes);
}

/** An AnyValue; one without a value is null. */
function anyValue(any: JsonObject, depth: number): unknown {
  checkDepth(depth);
  const has = (name: string) => any[name] !== undefined && any[name] !== null;
  if (has("stringValue")) return text(any, "stringValue");
  if (has("boolValue")) return boolean(any, "boolValue");
  if (has("intValue")) return safeInteger(signedValue("intValue", any["intValue"]));
  if (has("doubleValue")) return double("doubleValue", any["doubleValue"]);
  if (has("bytesValue")) return base64(any, "bytesValue");
  if (has("arrayValue")) {
    return message(any, "arrayValue", (array) =>
      Object.freeze(scalars(array, "values", (_, value) => anyValue(asObject(value), depth + 1))),
    );
  }
  if (has("kvlistValue")) return message(any, "kvlistValue", (list) => keyValues(list, "values", depth + 1));
  return null;
}

function base64(fields: JsonObject, name: string): Uint8Array {
  const value = text(fields, name);
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) throw wrong(name, value, "base64");
  return new Uint8Array(Buffer.from(value, "base64"));
}
