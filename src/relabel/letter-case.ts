/** Lower case of every character by itself, as Go has it: none becomes two. */
export function toLower(text: string): string {
  return mapCharacters(text, (char) => (char === "İ" ? "i" : char.toLowerCase()));
}

/** Upper case of every character by itself. */
export function toUpper(text: string): string {
  return mapCharacters(text, (char) => char.toUpperCase());
}

function mapCharacters(text: string, map: (char: string) => string): string {
  let result = "";
  for (const char of text) {
    const mapped = map(char);
    result += [...mapped].length === 1 ? mapped : char;
  }
  return result;
}
