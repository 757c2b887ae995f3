import { formatFloat } from "../values/numbers.ts";
import { toText } from "../values/text.ts";
import { isMap, typeOf } from "../values/value-type.ts";

interface Verb {
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  readonly letter: string;
}

const directive = /%([-+# 0]*)(?:\[(\d+)\])?(\*|\d+)?(?:\.(?:\[(\d+)\])?(\*|\d*))?(?:\[(\d+)\])?(.)?/gsu;

/** The greatest width and precision that Go takes. */
const MAX_SIZE = 1_000_000;
/** The greatest precision that JavaScript prints. */
const MAX_DIGITS = 100;

/**
 * Go's `fmt.Sprintf` for the values of statements, with its marks for what does not fit: `%!d(string=x)`. Widths may
 * be values (`%*d`), values may be named by their number (`%[2]d`).
 */
export function sprintf(format: string, values: readonly unknown[]): string {
  let index = 0;
  let isReordered = false;
  const goTo = (position: string | undefined) => {
    if (position === undefined) return;
    isReordered = true;
    index = Number(position) - 1;
  };
  const sizeOf = (text: string | undefined): number | undefined => {
    if (text === undefined) return undefined;
    const size = text === "*" ? values[index++] : Number(text);
    return typeof size === "bigint" || typeof size === "number" ? Number(size) : Number.NaN;
  };
  const text = format.replace(directive, (_whole, flags: string, ...parts: (string | undefined)[]) => {
    const [widthAt, widthText, precisionAt, precisionText, valueAt, letter] = parts;
    goTo(widthAt);
    const widthSize = sizeOf(widthText);
    goTo(precisionAt);
    const precisionSize = sizeOf(precisionText);
    goTo(valueAt);
    if (letter === undefined) return "%!(NOVERB)";
    if (letter === "%") return "%";
    const isBad = (size: number | undefined, least: number) =>
      size !== undefined && !(size >= least && size <= MAX_SIZE);
    const bad = `${isBad(widthSize, -MAX_SIZE) ? "%!(BADWIDTH)" : ""}${isBad(precisionSize, 0) ? "%!(BADPREC)" : ""}`;
    const width = isBad(widthSize, -MAX_SIZE) ? undefined : widthSize;
    const precision = isBad(precisionSize, 0) ? undefined : precisionSize;
    if (index < 0 || index >= values.length)
      return `${bad}%!${letter}(${valueAt === undefined && widthAt === undefined ? "MISSING" : "BADINDEX"})`;
    const isLeft = width !== undefined && width < 0;
    const shown = formatValue(values[index++], {
      flags: isLeft ? `${flags}-` : flags,
      width: isLeft ? -width : width,
      precision,
      letter,
    });
    return bad + shown;
  });
  const extra = (isReordered ? [] : values.slice(index)).map((value) =>
    value === undefined ? "<nil>" : `${goType(value)}=${plain(value)}`,
  );
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(", ")})`;
}

function formatValue(value: unknown, verb: Verb): string {
  const { letter } = verb;
  if (letter === "T") return pad(value === undefined ? "<nil>" : goType(value), verb);
  if (letter === "v")
    return typeof value === "bigint" ? integer(value, { ...verb, letter: "d" }) : pad(plain(value), verb);
  const result = byType(value, verb);
  if (result !== undefined) return result;
  return value === undefined ? `%!${letter}(<nil>)` : `%!${letter}(${goType(value)}=${plain(value)})`;
}

/** Undefined when the verb is none for the type. */
function byType(value: unknown, verb: Verb): string | undefined {
  const { letter, precision } = verb;
  switch (typeOf(value)) {
    case "int":
      return "bodxXcqU".includes(letter) ? integer(value as bigint, verb) : undefined;
    case "float":
      return "eEfFgG".includes(letter) ? float(value as number, verb) : undefined;
    case "bool":
      return letter === "t" ? pad(String(value), verb) : undefined;
    case "string":
    case "bytes": {
      if (!"sqxX".includes(letter)) return undefined;
      const bytes = Buffer.from(value as string);
      if (letter === "x" || letter === "X") {
        const hex = bytes.toString("hex");
        return pad(letter === "x" ? hex : hex.toUpperCase(), verb);
      }
      const chars = [...bytes.toString()];
      const text = precision === undefined ? chars.join("") : chars.slice(0, precision).join("");
      return pad(letter === "q" ? JSON.stringify(text) : text, verb);
    }
    case "list":
    case "map":
    case "time":
    case "duration":
      return letter === "s" ? pad(plain(value), verb) : undefined;
    default:
      return undefined;
  }
}

function integer(value: bigint, verb: Verb): string {
  const { letter, flags, precision } = verb;
  if (letter === "c") return pad(character(value), verb);
  if (letter === "q") return pad(`'${character(value)}'`, verb);
  if (letter === "U") return pad(`U+${value.toString(16).toUpperCase().padStart(4, "0")}`, verb);
  const bases: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16, X: 16 };
  const magnitude = value < 0n ? -value : value;
  let digits = magnitude.toString(bases[letter] ?? 10).padStart(precision ?? 0, "0");
  if (letter === "X") digits = digits.toUpperCase();
  const prefix = flags.includes("#") ? ({ b: "0b", o: "0", x: "0x", X: "0X" }[letter] ?? "") : "";
  return numeric(value < 0n, prefix + digits, verb);
}

function character(code: bigint): string {
  return String.fromCodePoint(code >= 0n && code <= 0x10ffffn ? Number(code) : 0xfffd);
}

function float(value: number, verb: Verb): string {
  const { letter } = verb;
  const precision = verb.precision === undefined ? undefined : Math.min(verb.precision, MAX_DIGITS);
  if (!Number.isFinite(value))
    return pad(formatFloat(value), { ...verb, flags: verb.flags.replaceAll("0", "") });
  const magnitude = Math.abs(value);
  let text: string;
  if (letter === "f" || letter === "F") text = fixed(magnitude, precision ?? 6);
  else if (letter === "e" || letter === "E") text = exponent(magnitude.toExponential(precision ?? 6));
  else text = general(magnitude, precision);
  if (letter === "E" || letter === "G") text = text.toUpperCase();
  return numeric(value < 0 || Object.is(value, -0), text, verb);
}

/** toFixed() falls back to an exponent from 1e21. */
function fixed(value: number, precision: number): string {
  if (value < 1e21) return value.toFixed(precision);
  return precision === 0 ? String(BigInt(value)) : `${BigInt(value)}.${"0".repeat(precision)}`;
}

/** `%g`: the shortest text, with an exponent where it is less than -4 or not below the precision (21 without one). */
function general(value: number, precision: number | undefined): string {
  const scientific =
    precision === undefined ? value.toExponential() : value.toExponential(Math.max(precision, 1) - 1);
  const power = Number(scientific.slice(scientific.indexOf("e") + 1));
  const limit = precision === undefined ? 21 : Math.max(precision, 1);
  if (power < -4 || power >= limit) return exponent(scientific.replace(/\.?0+e/, "e"));
  return formatFloat(Number(scientific));
}

function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

function numeric(isNegative: boolean, digits: string, verb: Verb): string {
  const { flags, width = 0, precision, letter } = verb;
  const sign = isNegative ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  const isInteger = "bodxX".includes(letter);
  if (flags.includes("0") && !flags.includes("-") && !(isInteger && precision !== undefined)) {
    return sign + digits.padStart(width - sign.length, "0");
  }
  return pad(sign + digits, verb);
}

function pad(text: string, { flags, width = 0 }: Verb): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes("-")) return text + " ".repeat(missing);
  return (flags.includes("0") ? "0" : " ").repeat(missing) + text;
}

/** `%v`. */
function plain(value: unknown): string {
  if (value === undefined || value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(plain).join(" ")}]`;
  if (value instanceof Uint8Array) return `[${value.join(" ")}]`;
  if (typeof value === "number") return Number.isFinite(value) ? signedGeneral(value) : formatFloat(value);
  if (isMap(value)) {
    const keys = Object.keys(value).toSorted();
    return `map[${keys.map((key) => `${key}:${plain(value[key])}`).join(" ")}]`;
  }
  return toText(value) as string;
}

function signedGeneral(value: number): string {
  return value < 0 ? `-${general(-value, undefined)}` : general(value, undefined);
}

function goType(value: unknown): string {
  const names: Readonly<Record<string, string>> = {
    int: "int64",
    float: "float64",
    bytes: "[]uint8",
    list: "[]interface {}",
    map: "map[string]interface {}",
    time: "time.Time",
    duration: "time.Duration",
  };
  const type = typeOf(value);
  return names[type] ?? type;
}
