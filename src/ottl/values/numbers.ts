const INT64_LIMIT = 2 ** 63;

/** Whether OTLP carries a number as an integer. */
export function isInt64(value: number): boolean {
  return Number.isInteger(value) && value >= -INT64_LIMIT && value < INT64_LIMIT && !Object.is(value, -0);
}

/** int64 arithmetic wraps around. */
export function wrap(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

/** The text Go's `strconv.FormatFloat(value, 'f', -1, 64)` gives: never an exponent. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const text = Object.is(value, -0) ? "-0" : String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign = "", first = "", rest = "", exponentText = ""] = match;
  const exponent = Number(exponentText);
  const digits = first + rest;
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  return `${sign}${digits.padEnd(exponent + 1, "0")}`;
}

const floatSyntax = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf|infinity|nan|0x[\da-f.]+p[+-]?\d+)$/i;

/** What Go's ParseFloat makes of a text; undefined if it is no number. */
export function parseFloatText(text: string): number | undefined {
  if (!floatSyntax.test(text)) return undefined;
  const lower = text.toLowerCase().replace(/^\+/, "");
  if (lower.endsWith("nan")) return lower.startsWith("-") ? undefined : Number.NaN;
  if (lower.includes("inf"))
    return lower.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const value = Number(lower);
  return Number.isFinite(value) ? value : undefined;
}

/** What Go's ParseInt makes of a text in base 10; undefined if it is no int64. */
export function parseIntText(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ""));
  return value === wrap(value) ? value : undefined;
}

/** Rounds towards zero into int64, as Go's conversion does for what fits; undefined for what does not. */
export function truncateFloat(value: number): bigint | undefined {
  const whole = Math.trunc(value);
  return whole >= -INT64_LIMIT && whole < INT64_LIMIT ? BigInt(whole) : undefined;
}
