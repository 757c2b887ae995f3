import { EvaluationError } from "../ottl-error.ts";
import { compareValues } from "../values/compare.ts";
import { attributeString } from "../values/text.ts";
import { isMap, type MapValue, typeOf } from "../values/value-type.ts";
import { parseCsvRow } from "./csv.ts";
import {
  any,
  bool,
  defineConverter,
  defineFunction,
  type FunctionDefinition,
  literal,
  map,
  optional,
  string,
} from "./parameter.ts";
import { splitUrl } from "./split-url.ts";

/** As deep as attributes of OTLP may be nested. */
const MAX_JSON_DEPTH = 64;

/** Numbers become floats, as in the Collector. */
function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new EvaluationError(`not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value === "object" && value !== null) return withoutNull(value, 1);
  throw new EvaluationError(`expected a JSON object or array, got ${typeof value}`);
}

function withoutNull(value: unknown, depth: number): unknown {
  if (value === null) return undefined;
  if (typeof value !== "object") return value;
  if (depth > MAX_JSON_DEPTH) throw new EvaluationError(`JSON is nested more than ${MAX_JSON_DEPTH} deep`);
  if (Array.isArray(value)) return value.map((item) => withoutNull(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withoutNull(inner, depth + 1)]),
  );
}

/** Splits at a delimiter outside of single and double quotes. */
function splitOutsideQuotes(text: string, delimiter: string): string[] {
  const parts: string[] = [];
  let part = "";
  let quote: string | undefined;
  for (let i = 0; i < text.length; ) {
    const char = text[i] as string;
    if (quote === undefined && text.startsWith(delimiter, i)) {
      if (part !== "") parts.push(part);
      part = "";
      i += delimiter.length;
      continue;
    }
    if (quote === char) quote = undefined;
    else if (quote === undefined && (char === '"' || char === "'")) quote = char;
    part += char;
    i++;
  }
  if (quote !== undefined) throw new EvaluationError(`quote ${quote} is not closed`);
  if (part !== "") parts.push(part);
  return parts;
}

function unquoted(text: string): string {
  const trimmed = text.trim();
  const isQuoted = trimmed.length >= 2 && /^(["']).*\1$/s.test(trimmed);
  return isQuoted ? trimmed.slice(1, -1) : trimmed;
}

function parseKeyValue(text: string, delimiter: string, pairDelimiter: string): MapValue {
  if (text === "") throw new EvaluationError("cannot parse key values of an empty string");
  if (delimiter === "" || delimiter === pairDelimiter) {
    throw new EvaluationError("delimiter must not be empty and must differ from pair_delimiter");
  }
  const entries = splitOutsideQuotes(text, pairDelimiter).map((pair) => {
    const index = pair.indexOf(delimiter);
    if (index < 0)
      throw new EvaluationError(`${JSON.stringify(pair)} lacks the delimiter ${JSON.stringify(delimiter)}`);
    return [unquoted(pair.slice(0, index)), unquoted(pair.slice(index + delimiter.length))] as const;
  });
  return Object.fromEntries(entries);
}

function toKeyValueString(
  source: MapValue,
  delimiter: string,
  pairDelimiter: string,
  sorted: boolean,
): string {
  if (delimiter === pairDelimiter) throw new EvaluationError("delimiter must differ from pair_delimiter");
  const escaped = (text: string) => text.replaceAll('"', '\\"');
  const quoted = (text: string) =>
    text.includes(delimiter) || text.includes(pairDelimiter) ? `"${escaped(text)}"` : text;
  const shown = (value: unknown) => {
    const text = attributeString(value);
    return typeof value === "object" ? escaped(text) : quoted(text);
  };
  const keys = Object.keys(source);
  return (sorted ? keys.toSorted() : keys)
    .map((key) => `${quoted(key)}${delimiter}${shown(source[key])}`)
    .join(pairDelimiter);
}

const statusRange = /^([2345])xx$/;

/** Whether a criterion of a severity mapping takes a value. */
function isCriterionMet(value: unknown, criterion: unknown): boolean {
  if (!isMap(criterion)) throw new EvaluationError("a severity is mapped from a list of maps");
  const { equals, range } = criterion as { equals?: unknown; range?: unknown };
  if (typeof value === "string") {
    return Array.isArray(equals) && equals.some((item) => compareValues(item, "==", value));
  }
  if (typeof range === "string") {
    const first = Number(statusRange.exec(range)?.[1] ?? Number.NaN) * 100;
    if (Number.isNaN(first))
      throw new EvaluationError(`unknown range ${JSON.stringify(range)}, known are 2xx to 5xx`);
    return Number(value) >= first && Number(value) < first + 100;
  }
  if (!isMap(range)) return false;
  const { min, max } = range as { min?: unknown; max?: unknown };
  return compareValues(value, ">=", min) && compareValues(value, "<=", max);
}

function parseSeverity(value: unknown, mapping: MapValue): string {
  if (typeof value !== "string" && typeof value !== "bigint") {
    throw new EvaluationError(`a severity is a string or an int, got ${typeOf(value)}`);
  }
  for (const [level, criteria] of Object.entries(mapping)) {
    if (!Array.isArray(criteria)) throw new EvaluationError(`severity ${level} must be mapped from a list`);
    if (criteria.some((criterion) => isCriterionMet(value, criterion))) return level;
  }
  throw new EvaluationError(`no severity is mapped from ${String(value)}`);
}

const modes = ["strict", "lazyQuotes", "ignoreQuotes"] as const;

const parseCsv = defineFunction({
  name: "ParseCSV",
  parameters: {
    target: string(),
    header: string(),
    delimiter: optional(literal(string())),
    header_delimiter: optional(literal(string())),
    mode: optional(literal(string())),
  },
  returns: "map",
  build({ target, header, delimiter = ",", header_delimiter, mode = "strict" }) {
    const known = modes.find((name) => name === mode);
    if (known === undefined)
      throw new Error(`mode must be one of ${modes.join(", ")}, got ${JSON.stringify(mode)}`);
    const headerDelimiter = header_delimiter ?? delimiter;
    if ([...delimiter].length !== 1 || [...headerDelimiter].length !== 1) {
      throw new Error("a delimiter must be a single character");
    }
    return (frame) => {
      const names = header.get(frame).split(headerDelimiter);
      const fields = parseCsvRow(target.get(frame), delimiter, known);
      if (fields.length !== names.length) {
        throw new EvaluationError(`row has ${fields.length} fields, header has ${names.length}`);
      }
      return Object.fromEntries(names.map((name, i) => [name, fields[i]]));
    };
  },
});

export const parsingFunctions: readonly FunctionDefinition[] = [
  parseCsv,
  defineConverter("ParseJSON", { target: string() }, "any", ({ target }) => parseJson(target)),
  defineConverter(
    "ParseKeyValue",
    { target: string(), delimiter: optional(string()), pair_delimiter: optional(string()) },
    "map",
    ({ target, delimiter, pair_delimiter }) => parseKeyValue(target, delimiter ?? "=", pair_delimiter ?? " "),
  ),
  defineConverter(
    "ToKeyValueString",
    {
      target: map(),
      delimiter: optional(string()),
      pair_delimiter: optional(string()),
      sort_output: optional(bool()),
    },
    "string",
    ({ target, delimiter, pair_delimiter, sort_output }) =>
      toKeyValueString(target, delimiter ?? "=", pair_delimiter ?? " ", sort_output ?? false),
  ),
  defineConverter(
    "ParseSeverity",
    { target: any(), severity_mapping: map() },
    "string",
    ({ target, severity_mapping }) => parseSeverity(target, severity_mapping),
  ),
  defineConverter("URL", { url: string() }, "map", ({ url }) => splitUrl(url)),
];
