import { EvaluationError } from "../ottl-error.ts";

/**
 * The fields of one row. `strict` quotes whole fields ("" is a quote inside), `lazyQuotes` lets quotes stand anywhere,
 * `ignoreQuotes` splits at every delimiter. Line breaks at the ends are cut off, others belong to their field.
 */
export function parseCsvRow(
  row: string,
  delimiter: string,
  mode: "strict" | "lazyQuotes" | "ignoreQuotes",
): string[] {
  const text = row.replace(/^[\r\n]+|[\r\n]+$/g, "");
  if (mode === "ignoreQuotes") return text.split(delimiter);
  const fields: string[] = [];
  let position = 0;
  for (;;) {
    const isQuoted = text[position] === '"';
    let field = "";
    if (isQuoted) {
      position++;
      for (;;) {
        const end = text.indexOf('"', position);
        if (end < 0) {
          if (mode === "strict") throw new EvaluationError('quote " is not closed');
          field += text.slice(position);
          position = text.length;
          break;
        }
        field += text.slice(position, end);
        position = end + 1;
        if (text[position] === '"') {
          field += '"';
          position++;
        } else if (position >= text.length || text.startsWith(delimiter, position)) break;
        else if (mode === "strict") throw new EvaluationError('unexpected text behind the closing quote "');
        else field += '"';
      }
    } else {
      const end = text.indexOf(delimiter, position);
      field = text.slice(position, end < 0 ? text.length : end);
      if (mode === "strict" && field.includes('"'))
        throw new EvaluationError('quote " in a field without quotes');
      position += field.length;
    }
    fields.push(field);
    if (position >= text.length) return fields;
    position += delimiter.length;
  }
}
