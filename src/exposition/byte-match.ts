/**
 * Comparing and hashing byte ranges without making strings. A hash only ever finds candidates: equality is always
 * decided by comparing all bytes.
 */

/**
 * Whether two ranges are equal, eight bytes at a time: the fastest load and compare that JavaScript offers. Reading
 * text as floats has two pitfalls. A pattern that is a NaN compares unequal to itself: the answer is then false for
 * equal ranges, so false means "look closely" (see {@link equalBytes}). All-zero and sign-bit-only words are equal
 * as floats: the answer is exact only if the `b` range holds no NUL byte, which the caller has to know.
 */
export function matchBytes(
  a: DataView,
  aStart: number,
  b: DataView,
  bStart: number,
  length: number,
): boolean {
  if (length < 8) {
    for (let i = 0; i < length; i++) if (a.getUint8(aStart + i) !== b.getUint8(bStart + i)) return false;
    return true;
  }
  const last = length - 8;
  for (let i = 0; i < last; i += 8) {
    if (a.getFloat64(aStart + i, true) !== b.getFloat64(bStart + i, true)) return false;
  }
  // The last word overlaps the one before instead of a tail of single bytes.
  return a.getFloat64(aStart + last, true) === b.getFloat64(bStart + last, true);
}

/** Whether two ranges are equal, whatever they hold. */
export function equalBytes(
  a: DataView,
  aStart: number,
  b: DataView,
  bStart: number,
  length: number,
): boolean {
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    if (a.getInt32(aStart + i, true) !== b.getInt32(bStart + i, true)) return false;
  }
  for (; i < length; i++) if (a.getUint8(aStart + i) !== b.getUint8(bStart + i)) return false;
  return true;
}

/** A 32-bit hash of a range (murmur3's mixing, four bytes a step). */
export function hashBytes(view: DataView, start: number, length: number): number {
  let hash = length;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    let word = Math.imul(view.getInt32(start + i, true), 0xcc9e2d51);
    word = (word << 15) | (word >>> 17);
    hash ^= Math.imul(word, 0x1b873593);
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
  }
  for (; i < length; i++) hash = Math.imul(hash ^ view.getUint8(start + i), 0x01000193);
  return mixHash(hash);
}

/** Spreads all bits of a word over the whole word, so that its low bits can index a table. */
export function mixHash(word: number): number {
  let hash = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
