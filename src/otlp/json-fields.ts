import { checkElements } from "./decode-context.ts";
import { OtlpDecodeError } from "./decode-error.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads the values of OTLP/JSON by name, as strictly as their type is and no stricter: a field that is absent or null
 * has its default, and 64-bit integers come as strings or numbers (protobuf's JSON mapping).
 */
export class JsonReader {
  #elements = 0;

  /** The items of a list field; each becomes an object, so they count against the limit. */
  list<T>(fields: JsonObject, name: string, read: (item: JsonObject) => T): T[] {
    const value = fields[name];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw wrong(name, value, "an array");
    this.#elements += value.length;
    checkElements(this.#elements);
    const items: T[] = [];
    for (let i = 0; i < value.length; i++) {
      try {
        items.push(read(asObject(value[i])));
      } catch (error) {
        throw inside(`${name}[${i}]`, error);
      }
    }
    return items;
  }
}

/** A field's value that is not what it has to be; `path` grows on the way up. */
class JsonFieldError extends Error {
  readonly path: string;
  readonly problem: string;

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`);
    this.path = path;
    this.problem = problem;
  }
}

/** Runs a decoder and gives its field errors their final form. */
export function withFieldErrors<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof JsonFieldError)) throw error;
    throw new OtlpDecodeError(`invalid OTLP/JSON: ${error.message}`);
  }
}

function inside(name: string, error: unknown): unknown {
  if (!(error instanceof JsonFieldError)) return error;
  const { path, problem } = error;
  return new JsonFieldError(path === "" ? name : `${name}.${path}`, problem);
}

export function wrong(name: string, value: unknown, wanted: string): Error {
  const text = JSON.stringify(value) ?? String(value);
  return new JsonFieldError(name, `is ${text.length > 60 ? `${text.slice(0, 60)}…` : text}, want ${wanted}`);
}

export function asObject(value: unknown): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw wrong("", value, "an object");
}

/** The message in a field, read by `read`; undefined when absent. */
export function message<T>(fields: JsonObject, name: string, read: (fields: JsonObject) => T): T | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  try {
    return read(asObject(value));
  } catch (error) {
    throw inside(name, error);
  }
}

export function scalars<T>(fields: JsonObject, name: string, read: (name: string, value: unknown) => T): T[] {
  const value = fields[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrong(name, value, "an array");
  return value.map((item) => read(name, item));
}

export function text(fields: JsonObject, name: string): string {
  const value = fields[name];
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw wrong(name, value, "a string");
  return value;
}

export function boolean(fields: JsonObject, name: string): boolean {
  const value = fields[name];
  if (value === undefined || value === null) return false;
  if (typeof value !== "boolean") throw wrong(name, value, "a boolean");
  return value;
}

export function optionalDouble(fields: JsonObject, name: string): number | undefined {
  const value = fields[name];
  return value === undefined || value === null ? undefined : double(name, value);
}

export function double(name: string, value: unknown): number {
  if (typeof value === "number") return value;
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  if (typeof value === "string" && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value)) return Number(value);
  throw wrong(name, value, "a number");
}

/** A fixed64, uint64 or uint32 field. */
export function unsigned(fields: JsonObject, name: string, bits: 32 | 64 = 64): bigint {
  const value = fields[name];
  return value === undefined || value === null ? 0n : unsignedValue(name, value, bits);
}

export function unsignedValue(name: string, value: unknown, bits: 32 | 64 = 64): bigint {
  const integer = integerOf(value);
  if (integer !== undefined && BigInt.asUintN(bits, integer) === integer) return integer;
  throw wrong(name, value, `an unsigned ${bits}-bit integer`);
}

export function signedValue(name: string, value: unknown, bits: 32 | 64 = 64): bigint {
  const integer = integerOf(value);
  if (integer !== undefined && BigInt.asIntN(bits, integer) === integer) return integer;
  throw wrong(name, value, `a signed ${bits}-bit integer`);
}

/** An sint32 field. */
export function int32(fields: JsonObject, name: string): number {
  const value = fields[name];
  return value === undefined || value === null ? 0 : Number(signedValue(name, value, 32));
}

function integerOf(value: unknown): bigint | undefined {
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  // No 64-bit integer has more than 20 characters: longer ones are not worth the time that reading them takes.
  if (typeof value === "string" && value.length <= 20 && /^-?\d+$/.test(value)) return BigInt(value);
  return undefined;
}

/** An id in hex, in lower case. */
export function hex(fields: JsonObject, name: string): string {
  const value = text(fields, name);
  if (/^([0-9a-fA-F]{2})*$/.test(value)) return value.toLowerCase();
  throw wrong(name, value, "pairs of hexadecimal digits");
}
