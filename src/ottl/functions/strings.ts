import { EvaluationError } from "../ottl-error.ts";
import { toJson, toText } from "../values/text.ts";
import type { Duration } from "../values/time.ts";
import { typeOf } from "../values/value-type.ts";
import { toCamelCase, toSnakeCase } from "./letter-case.ts";
import {
  any,
  bool,
  defineConverter,
  defineFunction,
  type FunctionDefinition,
  int,
  list,
  literal,
  optional,
  string,
  stringLike,
} from "./parameter.ts";
import { pattern } from "./pattern.ts";
import { sprintf } from "./sprintf.ts";

const cases: Readonly<Record<string, (text: string) => string>> = {
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  snake: toSnakeCase,
  camel: toCamelCase,
};

const convertCase = defineFunction({
  name: "ConvertCase",
  parameters: { target: string(), to_case: literal(string()) },
  returns: "string",
  build({ target, to_case }) {
    const convert = Object.hasOwn(cases, to_case) ? cases[to_case] : undefined;
    if (convert === undefined) {
      throw new Error(
        `to_case must be one of ${Object.keys(cases).join(", ")}, got ${JSON.stringify(to_case)}`,
      );
    }
    return (frame) => convert(target.get(frame));
  },
});

function concat(values: readonly unknown[], delimiter: string): string {
  return values.map((value) => toText(value) ?? "<nil>").join(delimiter);
}

function trim(text: string, cutset: string): string {
  const chars = [...text];
  const isCut = (char: string | undefined) => char !== undefined && cutset.includes(char);
  let start = 0;
  let end = chars.length;
  while (start < end && isCut(chars[start])) start++;
  while (end > start && isCut(chars[end - 1])) end--;
  return chars.slice(start, end).join("");
}

/** Offsets are bytes of UTF-8. */
function substring(text: string, start: bigint, length: bigint, isSafe: boolean): string {
  const bytes = Buffer.from(text);
  if (start < 0n || length <= 0n || start + length > BigInt(bytes.length)) {
    throw new EvaluationError(
      `substring of ${length} bytes at ${start} is out of range for a string of ${bytes.length} bytes`,
    );
  }
  let from = Number(start);
  let to = Number(start + length);
  const isInside = (index: number) => index < bytes.length && ((bytes[index] as number) & 0xc0) === 0x80;
  if (isSafe) {
    while (isInside(from)) from++;
    while (isInside(to)) to--;
  }
  return bytes.subarray(from, Math.max(from, to)).toString();
}

const extractPatterns = defineFunction({
  name: "ExtractPatterns",
  parameters: { target: string(), pattern: pattern() },
  returns: "map",
  build({ target, pattern: matching }) {
    if (matching.constant?.value.groupNames.size === 0) {
      throw new Error("pattern needs at least one named group: (?P<name>...)");
    }
    return (frame) => {
      const regex = matching.get(frame);
      const match = regex.match(target.get(frame));
      if (match === undefined) return {};
      return Object.fromEntries(
        Array.from(regex.groupNames, ([name, index]) => [name, match.groups[index] ?? ""]),
      );
    };
  },
});

export const stringFunctions: readonly FunctionDefinition[] = [
  convertCase,
  extractPatterns,
  defineConverter("ToLowerCase", { target: string() }, "string", ({ target }) => target.toLowerCase()),
  defineConverter("ToUpperCase", { target: string() }, "string", ({ target }) => target.toUpperCase()),
  defineConverter("ToSnakeCase", { target: string() }, "string", ({ target }) => toSnakeCase(target)),
  defineConverter("ToCamelCase", { target: string() }, "string", ({ target }) => toCamelCase(target)),
  defineConverter("Concat", { values: list(), delimiter: string() }, "string", ({ values, delimiter }) =>
    concat(values, delimiter),
  ),
  defineConverter("Format", { format: string(), values: list() }, "string", ({ format, values }) =>
    sprintf(format, values),
  ),
  defineConverter("HasPrefix", { target: string(), prefix: string() }, "bool", ({ target, prefix }) =>
    target.startsWith(prefix),
  ),
  defineConverter("HasSuffix", { target: string(), suffix: string() }, "bool", ({ target, suffix }) =>
    target.endsWith(suffix),
  ),
  defineConverter(
    "IsMatch",
    { target: stringLike(), pattern: pattern() },
    "bool",
    ({ target, pattern: regex }) => target !== undefined && regex.test(target),
  ),
  defineConverter("Split", { target: string(), delimiter: string() }, "list", ({ target, delimiter }) =>
    delimiter === "" ? [...target] : target.split(delimiter),
  ),
  defineConverter(
    "Substring",
    { target: string(), start: int(), length: int(), utf8_safe: optional(bool()) },
    "string",
    ({ target, start, length, utf8_safe }) => substring(target, start, length, utf8_safe ?? false),
  ),
  defineConverter(
    "Trim",
    { target: string(), replacement: optional(string()) },
    "string",
    ({ target, replacement }) => trim(target, replacement ?? " "),
  ),
  defineConverter("TrimPrefix", { target: string(), prefix: string() }, "string", ({ target, prefix }) =>
    target.startsWith(prefix) ? target.slice(prefix.length) : target,
  ),
  defineConverter("TrimSuffix", { target: string(), suffix: string() }, "string", ({ target, suffix }) =>
    target.endsWith(suffix) ? target.slice(0, target.length - suffix.length) : target,
  ),
  defineConverter("String", { target: any() }, "any", ({ target }) => {
    if (typeOf(target) === "duration") return String((target as Duration).ns);
    return typeOf(target) === "time" ? toJson(target) : toText(target);
  }),
];
