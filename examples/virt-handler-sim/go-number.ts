/**
 * Prints a number as Go's `strconv.FormatFloat(value, 'g', -1, 64)` does, which is what client_golang writes:
 * the shortest digits that read back to the same double, with an exponent of at least two digits when the
 * decimal exponent is below -4 or above 5 (`123456`, `1.234567e+06`, `9.999999999999999e-05`).
 */
export function formatGoNumber(value: number): string {
  // client_golang prints zero of either sign as "0".
  if (value === 0) return "0";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const size = Math.abs(value);
  // Between these two JavaScript prints the same shortest digits, and no exponent either.
  if (size >= 1e-4 && size < 1e6) return String(value);
  const text = value.toExponential();
  // "1.5e+7" -> "1.5e+07"
  return text.charAt(text.length - 2) < "0" ? `${text.slice(0, -1)}0${text.slice(-1)}` : text;
}
