/**
 * Numbers as Go reads and writes them. A scrape accepts what `strconv.ParseFloat` of Go before 1.13 accepts: no hex
 * floats and no `_`, `nan` without a sign, `inf` and `infinity` with one, in any case; an overflow is an error.
 */

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const infinity = /^[+-]?inf(?:inity)?$/i;
const nan = /^nan$/i;

/** The number a Go program would read, or undefined where ParseFloat fails (syntax or overflow). */
export function parseGoFloat(text: string): number | undefined {
  if (decimal.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  if (infinity.test(text)) return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return nan.test(text) ? Number.NaN : undefined;
}

const digits = "\\d(?:_?\\d)*";
const hexDigits = "[\\da-f](?:_?[\\da-f])*";
const decimalLiteral = new RegExp(
  `^[+-]?(?:${digits}(?:\\.(?:${digits})?)?|\\.${digits})(?:e[+-]?${digits})?$`,
  "i",
);
const hexLiteral = new RegExp(
  `^([+-]?)0x(?:_?(${hexDigits})(?:\\.(${hexDigits})?)?|\\.(${hexDigits}))p([+-]?${digits})$`,
  "i",
);

/** As {@link parseGoFloat}, but with `_` between digits and hex floats, as Go reads literals since 1.13. */
export function parseGoLiteral(text: string): number | undefined {
  const plain = parseGoFloat(text);
  if (plain !== undefined) return plain;
  const bare = text.replaceAll("_", "");
  if (decimalLiteral.test(text)) return parseGoFloat(bare);
  if (!hexLiteral.test(text)) return undefined;
  const [, sign, whole = "", fraction = "", fractionOnly = "", exponent = ""] = hexLiteral.exec(bare)!;
  const behind = fraction + fractionOnly;
  const scale = Number(exponent) - 4 * behind.length;
  // In two steps, so that a power of two that no double holds does not get in the way of a product that fits.
  const half = Math.trunc(scale / 2);
  const value = Number(BigInt(`0x${whole}${behind}`)) * 2 ** half * 2 ** (scale - half);
  if (!Number.isFinite(value)) return undefined;
  return sign === "-" ? -value : value;
}

/**
 * The canonical form of a `le` or `quantile` value, the one OpenMetrics prescribes: Go's `%g` with `.0` appended to
 * what would otherwise look like an integer ("1" gives "1.0", "1000000" gives "1e+06").
 */
export function formatOpenMetricsFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  if (value === 0) return "0.0";
  const [mantissa = "", exponentText = ""] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  // Go decides for the exponent form as if six digits had been asked for.
  if (exponent < -4 || exponent >= 6) {
    const sign = exponent < 0 ? "-" : "+";
    return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const text = String(value);
  return text.includes(".") ? text : `${text}.0`;
}
