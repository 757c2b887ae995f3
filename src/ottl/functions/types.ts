import { EvaluationError } from "../ottl-error.ts";
import { parseFloatText, parseIntText, truncateFloat, wrap } from "../values/numbers.ts";
import { isMap, typeOf, type ValueType } from "../values/value-type.ts";
import {
  any,
  defineConverter,
  type FunctionDefinition,
  floatLike,
  int,
  string,
  stringOrBytes,
  stringOrInt,
} from "./parameter.ts";

const booleans: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "true", "TRUE", "True"].map((text) => [text, true] as const),
  ...["0", "f", "F", "false", "FALSE", "False"].map((text) => [text, false] as const),
]);

function toBool(value: unknown): boolean | undefined {
  if (typeof value === "string") return booleans.get(value);
  if (typeof value === "number" || typeof value === "bigint") return Number(value) !== 0;
  return typeof value === "boolean" ? value : undefined;
}

function toInt(value: unknown): bigint | undefined {
  if (typeof value === "number") return truncateFloat(value);
  if (typeof value === "string") return parseIntText(value);
  return typeof value === "boolean" || typeof value === "bigint" ? BigInt(value) : undefined;
}

function toDouble(value: unknown): number | undefined {
  if (typeof value === "string") return parseFloatText(value);
  return typeof value === "boolean" || typeof value === "bigint" || typeof value === "number"
    ? Number(value)
    : undefined;
}

/** Nil stays nil; what cannot be converted is an error. */
function conversion(name: string, type: ValueType, convert: (value: unknown) => unknown): FunctionDefinition {
  return defineConverter(name, { value: any() }, "any", ({ value }) => {
    const result = convert(value);
    if (result === undefined && typeOf(value) !== "nil") {
      const shown = typeof value === "string" ? JSON.stringify(value) : typeOf(value);
      throw new EvaluationError(`${name} cannot make ${type} of ${shown}`);
    }
    return result;
  });
}

function isType(name: string, type: ValueType): FunctionDefinition {
  return defineConverter(name, { value: any() }, "bool", ({ value }) => typeOf(value) === type);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false) return true;
  if (typeof value === "number" || typeof value === "bigint") return Number(value) === 0;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  return isMap(value) && Object.keys(value).length === 0;
}

function toHex(value: unknown): string {
  const bytes = Buffer.alloc(8);
  switch (typeOf(value)) {
    case "float":
      bytes.writeDoubleBE(value as number);
      return bytes.toString("hex");
    case "int":
      bytes.writeBigInt64BE(value as bigint);
      return bytes.toString("hex");
    case "bool":
      return value === true ? "01" : "00";
    case "string":
    case "bytes":
      return Buffer.from(value as string).toString("hex");
    case "nil":
      return "";
    default:
      throw new EvaluationError(`Hex cannot take ${typeOf(value)}`);
  }
}

const digits = "0123456789abcdefghijklmnopqrstuvwxyz";

/** Go's `strconv.ParseInt` into 64 bits. */
function parseInt64(text: string, base: bigint): bigint {
  const fail = (): never => {
    throw new EvaluationError(`${JSON.stringify(text)} is no int64 in base ${base}`);
  };
  if (base < 0n || base === 1n || base > 36n)
    throw new EvaluationError(`base must be 0 or 2 to 36, got ${base}`);
  const match = /^([+-]?)(.+)$/s.exec(text.toLowerCase());
  if (match === null) return fail();
  let [, sign, body] = match as unknown as [string, string, string];
  let radix = base;
  if (base === 0n) {
    const prefix = /^0(?:([bxo])(?=[_0-9a-f])|(?=[_0-7]))/.exec(body);
    radix = prefix === null ? 10n : prefix[1] === "b" ? 2n : prefix[1] === "x" ? 16n : 8n;
    if (!/^(?:0[bxo]?_?)?[0-9a-f]+(?:_[0-9a-f]+)*$/.test(body)) return fail();
    body = body.slice(prefix?.[0].length ?? 0).replaceAll("_", "");
  }
  let result = 0n;
  for (const char of body) {
    const digit = digits.indexOf(char);
    if (digit < 0 || BigInt(digit) >= radix) return fail();
    result = result * radix + BigInt(digit);
    if (result > 2n ** 63n) return fail();
  }
  if (sign === "-") result = -result;
  return result === wrap(result) ? result : fail();
}

function isValidLuhn(value: string | bigint): boolean {
  const text = String(value);
  if (!/^\d+$/.test(text)) throw new EvaluationError(`${JSON.stringify(text)} does not consist of digits`);
  let sum = 0;
  for (const [i, char] of [...text].reverse().entries()) {
    const digit = Number(char) * (i % 2 === 1 ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}

/** Identifiers are given as bytes or as hex digits. */
function identifier(name: string, size: number): FunctionDefinition {
  return defineConverter(name, { value: stringOrBytes() }, "bytes", ({ value }) => {
    const isHex = typeof value === "string" && /^(?:[0-9a-fA-F]{2})*$/.test(value);
    const bytes = typeof value === "string" ? Buffer.from(isHex ? value : "", "hex") : value;
    if (bytes.length !== size) {
      throw new EvaluationError(`${name} needs ${size} bytes or ${size * 2} hex digits`);
    }
    return Uint8Array.from(bytes);
  });
}

export const typeFunctions: readonly FunctionDefinition[] = [
  conversion("Bool", "bool", toBool),
  conversion("Int", "int", toInt),
  conversion("Double", "float", toDouble),
  isType("IsBool", "bool"),
  isType("IsDouble", "float"),
  isType("IsInt", "int"),
  isType("IsMap", "map"),
  isType("IsList", "list"),
  isType("IsString", "string"),
  defineConverter("IsEmpty", { value: any() }, "bool", ({ value }) => isEmpty(value)),
  defineConverter("Hex", { value: any() }, "string", ({ value }) => toHex(value)),
  defineConverter("ParseInt", { target: string(), base: int() }, "int", ({ target, base }) =>
    parseInt64(target, base),
  ),
  defineConverter("Log", { value: floatLike() }, "float", ({ value }) => {
    if (value === undefined || !(value > 0))
      throw new EvaluationError(`Log needs a number above 0, got ${value ?? "nil"}`);
    return Math.log(value);
  }),
  defineConverter("IsValidLuhn", { value: stringOrInt() }, "bool", ({ value }) => isValidLuhn(value)),
  identifier("SpanID", 8),
  identifier("TraceID", 16),
  identifier("ProfileID", 16),
];
