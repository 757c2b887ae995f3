/** An expression of `match_type: expr` that is not understood. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

const token =
  /\s*(?:(HasLabel|Label)\s*\(\s*("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')\s*\)|(MetricName)\b|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(&&|\|\||==|!=|!|[()[\],])|(and|or|not|matches|contains|startsWith|endsWith|in|true|false)\b)/y;

/** Operators that take the place of others in OTTL. */
const operators: Readonly<Record<string, string>> = { "&&": "and", "||": "or", "!": "not" };

/** Operators between two texts, and what each is in OTTL. */
const textOperators: Readonly<Record<string, (text: string, other: string) => string>> = {
  matches: (text, other) => `IsMatch(${text}, ${other})`,
  contains: (text, other) => `Index(${text}, ${other}) >= 0`,
  startsWith: (text, other) => `HasPrefix(${text}, ${other})`,
  endsWith: (text, other) => `HasSuffix(${text}, ${other})`,
};

type Operand = { readonly text: string };

/**
 * The OTTL condition, in the datapoint context, for one of the oldest expressions: comparisons of `MetricName` and
 * `Label("x")` with texts (`==`, `!=`, `matches`, `contains`, `startsWith`, `endsWith`, `in [...]`), `HasLabel("x")`,
 * joined by and, or, not.
 * @throws ExpressionError
 */
export function translateExpression(expression: string): string {
  const tokens = tokenize(expression);
  const output: string[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const current = tokens[i] as string | Operand;
    const next = tokens[i + 1];
    const operator = typeof next === "string" && Object.hasOwn(textOperators, next) ? next : undefined;
    if (typeof current === "object" && operator !== undefined) {
      const other = tokens[i + 2];
      if (typeof other !== "object")
        throw new ExpressionError(`expected a text behind ${JSON.stringify(operator)} in ${expression}`);
      output.push(textOperators[operator]?.(current.text, other.text) ?? "");
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
      tokens.push(
        call === "HasLabel" ? { text: `(${path} != nil)` } : { text: `Coalesce([String(${path}), ""])` },
      );
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
