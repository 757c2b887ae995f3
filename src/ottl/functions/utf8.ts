/** The longest start of a text that takes at most so many bytes of UTF-8 and cuts no character. */
export function truncateUtf8(text: string, bytes: number): string {
  let size = 0;
  let end = 0;
  for (const char of text) {
    size += Buffer.byteLength(char);
    if (size > bytes) break;
    end += char.length;
  }
  return text.slice(0, end);
}
