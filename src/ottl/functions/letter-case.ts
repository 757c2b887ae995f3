const isUpper = (char: string | undefined) => char !== undefined && char >= "A" && char <= "Z";
const isLower = (char: string | undefined) => char !== undefined && char >= "a" && char <= "z";
const isDigit = (char: string | undefined) => char !== undefined && char >= "0" && char <= "9";
const isSeparator = (char: string) => char === " " || char === "_" || char === "-" || char === ".";

/** `myMetricName` to `my_metric_name`; acronyms are words (`JSONData` is json_data), and so are runs of digits. */
export function toSnakeCase(input: string): string {
  const text = input.trim();
  let result = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    const next = text[i + 1];
    const upper = isUpper(char);
    const lower = isLower(char);
    const digit = isDigit(char);
    const isEdge =
      (upper && (isLower(next) || isDigit(next))) ||
      (lower && (isUpper(next) || isDigit(next))) ||
      (digit && (isUpper(next) || isLower(next)));
    const written = upper ? char.toLowerCase() : char;
    if (!isEdge) {
      result += isSeparator(char) ? "_" : written;
      continue;
    }
    // The last capital of an acronym begins the next word.
    if (upper && isLower(next) && isUpper(text[i - 1])) result += "_";
    result += written;
    if (lower || digit || isDigit(next)) result += "_";
  }
  return result;
}

/** `my_metric_name` to `MyMetricName`. */
export function toCamelCase(input: string): string {
  const text = input.trim();
  let result = "";
  let startsWord = true;
  let afterUpper = false;
  for (const char of text) {
    const upper = isUpper(char);
    if (upper || isLower(char)) {
      result += startsWord ? char.toUpperCase() : afterUpper && upper ? char.toLowerCase() : char;
      startsWord = false;
    } else if (isDigit(char)) {
      result += char;
      startsWord = true;
    } else startsWord = isSeparator(char);
    afterUpper = upper;
  }
  return result;
}
