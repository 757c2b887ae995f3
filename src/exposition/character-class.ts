/** A lookup table by byte: 1 for the ASCII characters that match. */
export function characterClass(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) =>
    code < 128 && pattern.test(String.fromCharCode(code)) ? 1 : 0,
  );
}
