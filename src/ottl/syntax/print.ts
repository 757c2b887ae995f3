import type { Argument, Expression, Segment, Statement } from "./ast.ts";
import { quote } from "./unquote.ts";

/** The text of a statement; parsing it gives the same tree but for the columns. */
export function printStatement({ editor, where }: Statement): string {
  return where === undefined
    ? printExpression(editor)
    : `${printExpression(editor)} where ${printExpression(where)}`;
}

export function printExpression(node: Expression): string {
  switch (node.kind) {
    case "literal":
      return printLiteral(node.value);
    case "name":
      return node.name;
    case "path":
      return node.segments.map(printSegment).join(".");
    case "call":
      return `${node.name}(${node.args.map(printArgument).join(", ")})${printKeys(node.keys)}`;
    case "list":
      return `[${node.items.map(printExpression).join(", ")}]`;
    case "map":
      return `{${node.entries.map(({ key, value }) => `${quote(key)}: ${printExpression(value)}`).join(", ")}}`;
    case "lambda":
      return `(${node.parameters.join(", ")}) => ${printExpression(node.body)}`;
    case "negate":
      return `-${operand(node.operand)}`;
    case "not":
      return `not ${operand(node.operand)}`;
    case "math":
    case "compare":
    case "logic":
      return `${operand(node.left)} ${node.operator} ${operand(node.right)}`;
  }
}

/** Operands in parentheses, but for what is one token or closed by a bracket. */
function operand(node: Expression): string {
  const text = printExpression(node);
  const negative = node.kind === "literal" && text.startsWith("-");
  const open = ["lambda", "negate", "not", "math", "compare", "logic"].includes(node.kind);
  return open || negative ? `(${text})` : text;
}

function printLiteral(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString("hex")}`;
  if (value === undefined) return "nil";
  if (typeof value !== "number") return String(value);
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /[.e]/.test(text) ? text.replace("e+", "e") : `${text}.0`;
}

function printArgument({ name, value }: Argument): string {
  return name === undefined ? printExpression(value) : `${name} = ${printExpression(value)}`;
}

function printSegment({ name, keys }: Segment): string {
  return `${name}${printKeys(keys)}`;
}

function printKeys(keys: readonly Expression[]): string {
  return keys.map((key) => `[${printExpression(key)}]`).join("");
}
