/** An expression of `match_type: expr` that is not understood. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

const token =
  /\s*(?:(HasLabel|Label)\s*\(\s*("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')\s*\)|(MetricName)\b|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(&&|\|\||==|!=|!|[()[\],])|(and|or|not|matches|in|true|false)\b)/y;

/** Operators that take the place of others in OTTL. */
const operators: Readonly<Record<string, string>> = { "&&": "and", "||": "or", "!": "not" };

type Operand = { readonly text: string };

/**
 * The OTTL condition, in the datapoint context, for one of the oldest expressions: comparisons of `MetricName` and
 * `Label("x")` with texts (`==`, `!=`, `matches`, `in [...]`), `HasLabel("x")`, joined by and, or, not.
 * @throws ExpressionError
 */
export function translateExpression(expression: string): string {
  const tokens = tokenize(expression);
  const output: string[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const current = tokens[i] as string | Operand;
    const next = tokens[i + 1];
    if (typeof current === "object" && next === "matches") {
      const pattern = tokens[i + 2];
      if (typeof pattern !== "object")
        throw new ExpressionError(`expected a pattern behind "matches" in ${expression}`);
      output.push(`IsMatch(${current.text}, ${pattern.text})`);
      i += 2;
    } else if (typeof current === "object" && next === "in") {
      const end = tokens.indexOf("]", i);
      if (tokens[i + 2] !== "[" || end < 0)
        throw new ExpressionError(`expected a list behind "in" in ${expression}`);
      const items = tokens.slice(i + 3, end).filter((item): item is Operand => typeof item === "object");
      output.push(`ContainsValue([${items.map(({ text }) => text).join(", ")}], ${current.text})`);
      i = end;
    } else output.push(typeof current === "object" ? current.text : (operators[current] ?? current));
  }
  return output.join(" ");
}

function tokenize(expression: string): (string | Operand)[] {
  const tokens: (string | Operand)[] = [];
  let position = 0;
  while (expression.slice(position).trim() !== "") {
    token.lastIndex = position;
    const match = token.exec(expression);
    if (match === null) {
      const rest = expression.slice(position).trim();
      throw new ExpressionError(`expression is not understood at ${JSON.stringify(rest.slice(0, 40))}`);
    }
    position = token.lastIndex;
    const [, call, label, name, text, symbol, word] = match;
    if (call !== undefined) {
      const path = `attributes[${quoted(label as string)}]`;
      // A label that is not there is the empty text to Label().
      tokens.push(call === "HasLabel" ? { text: `(${path} != nil)` } : { text: `Coalesce([${path}, ""])` });
    } else if (name !== undefined) tokens.push({ text: "metric.name" });
    else if (text !== undefined) tokens.push({ text: quoted(text) });
    else tokens.push((symbol ?? word) as string);
  }
  return tokens;
}

/** In double quotes, as OTTL writes texts. */
function quoted(text: string): string {
  return text.startsWith("'") ? `"${text.slice(1, -1).replaceAll("\\'", "'").replaceAll('"', '\\"')}"` : text;
}
