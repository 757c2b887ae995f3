const INT64_LIMIT = 2 ** 63;

/** Whether OTLP carries a number as an integer. */
export function isInt64(value: number): boolean {
  return Number.isInteger(value) && value >= -INT64_LIMIT && value < INT64_LIMIT && !Object.is(value, -0);
}

/** int64 arithmetic wraps around. */
export function wrap(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

/** As the Collector writes the doubles of attributes: with an exponent, of two digits, below 1e-6 and from 1e21 on. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  return String(value).replace(/e([+-])(\d)$/, "e$10$2");
}

const floatSyntax = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf|infinity|nan|0x[\da-f.]+p[+-]?\d+)$/i;

/** What Go's ParseFloat makes of a text; undefined if it is no number. */
export function parseFloatText(text: string): number | undefined {
  if (!floatSyntax.test(text)) return undefined;
  const lower = text.toLowerCase().replace(/^\+/, "");
  if (lower.endsWith("nan")) return lower.startsWith("-") ? undefined : Number.NaN;
  if (lower.includes("inf"))
    return lower.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const value = lower.includes("x") ? hexFloat(lower) : Number(lower);
  return Number.isFinite(value) ? value : undefined;
}

/** Such as `0x1.8p-2`. */
function hexFloat(text: string): number {
  const match = /^(-?)0x([\da-f]*)\.?([\da-f]*)p([+-]?\d+)$/.exec(text);
  if (match === null) return Number.NaN;
  const [, sign = "", whole = "", fraction = "", exponent = ""] = match;
  const digits = Number(`0x${whole}${fraction}`);
  return (sign === "-" ? -1 : 1) * digits * 2 ** (Number(exponent) - 4 * fraction.length);
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
