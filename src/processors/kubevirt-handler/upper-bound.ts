/**
 * A bucket's upper bound as the integration writes it, which is how Python prints a float: the shortest digits that
 * read back as the same number, always with a fraction ("1.0"), as a power of ten below 0.0001 and from 1e16 on, the
 * exponent with two digits at least ("1e-08"). Zero is "0".
 */
export function upperBound(bound: number): string {
  if (bound === 0) return "0";
  if (!Number.isFinite(bound)) return Number.isNaN(bound) ? "nan" : bound > 0 ? "inf" : "-inf";
  const [digits = "", power = ""] = bound.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  // Within these powers JavaScript prints no exponent either.
  const text = String(bound);
  return text.includes(".") ? text : `${text}.0`;
}
