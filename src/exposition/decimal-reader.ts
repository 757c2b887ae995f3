const PLUS = 43;
const MINUS = 45;
/** Characters as they come out of `^ 48`, which maps the digits to 0 to 9 and nothing else below 10. */
const DOT_XOR = 46 ^ 48;
const UPPER_E_XOR = 69 ^ 48;
const LOWER_E_XOR = 101 ^ 48;

const powersOfTen = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** Below, every integer has a double, and one multiplication or division by up to 1e22 rounds correctly. */
const exactIntegers = 2 ** 53;

/** Reads decimal numbers from bytes by arithmetic alone, as far as that gives the correctly rounded double. */
export class DecimalReader {
  /** Behind the last byte the number could use. */
  end = 0;
  /** The bytes up to `end` are spelt like a decimal number, whether or not `read` could evaluate it. */
  wellFormed = false;

  /**
   * The number at `start`, or NaN if none is there or if it takes more than simple arithmetic (many digits, a large
   * exponent): the caller then has to look closely. The bytes must hold some other character after the number.
   */
  read(bytes: Uint8Array, start: number): number {
    let p = start;
    const negative = bytes[p] === MINUS;
    if (negative) p++;
    let digits = -p;
    let mantissa = 0;
    let scale = 0;
    let d = bytes[p]! ^ 48;
    while (d < 10) {
      mantissa = mantissa * 10 + d;
      d = bytes[++p]! ^ 48;
    }
    digits += p;
    if (d === DOT_XOR) {
      scale = ++p;
      d = bytes[p]! ^ 48;
      while (d < 10) {
        mantissa = mantissa * 10 + d;
        d = bytes[++p]! ^ 48;
      }
      scale -= p;
      digits -= scale;
    }
    if (d === LOWER_E_XOR || d === UPPER_E_XOR) {
      const sign = bytes[++p]!;
      if (sign === MINUS || sign === PLUS) p++;
      const first = p;
      let exponent = 0;
      d = bytes[p]! ^ 48;
      while (d < 10) {
        exponent = exponent * 10 + d;
        d = bytes[++p]! ^ 48;
      }
      if (p === first) digits = 0;
      scale += sign === MINUS ? -exponent : exponent;
    }
    this.end = p;
    this.wellFormed = digits > 0;
    if (digits === 0 || mantissa >= exactIntegers || scale < -22 || scale > 22) return Number.NaN;
    const value = scale < 0 ? mantissa / powersOfTen[-scale]! : mantissa * powersOfTen[scale]!;
    return negative ? -value : value;
  }
}
