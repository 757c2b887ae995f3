import { type ContextName, contextNames, depthOf } from "../context/context-name.ts";
import type { FunctionDefinition } from "../functions/parameter.ts";
import type { Expression, Statement } from "../syntax/ast.ts";
import { contextOf } from "./path.ts";

interface Uses {
  readonly contexts: Set<ContextName>;
  readonly functions: Set<string>;
}

/**
 * The context for statements and conditions that name none: the innermost that a path names, or where a function is
 * not there, the next one inside that has it. Undefined when nothing tells.
 */
export function inferContext(
  statements: readonly Statement[],
  conditions: readonly Expression[],
  functions: ReadonlyMap<string, FunctionDefinition>,
): ContextName | undefined {
  const uses: Uses = { contexts: new Set(), functions: new Set() };
  for (const { editor, where } of statements) {
    visit(editor, uses);
    if (where !== undefined) visit(where, uses);
  }
  for (const condition of conditions) visit(condition, uses);
  const named = contextNames.findLast((name) => uses.contexts.has(name));
  const isBound = [...uses.functions].some((name) => functions.get(name)?.contexts !== undefined);
  if (named === undefined && !isBound) return undefined;
  const candidates = contextNames.slice(depthOf(named ?? "resource"));
  const suits = (context: ContextName) =>
    [...uses.functions].every((name) => functions.get(name)?.contexts?.includes(context) ?? true);
  return candidates.find(suits) ?? named;
}

function visit(node: Expression, uses: Uses): void {
  switch (node.kind) {
    case "path": {
      const context = contextOf(node);
      if (context !== undefined) uses.contexts.add(context);
      for (const { keys } of node.segments) for (const key of keys) visit(key, uses);
      return;
    }
    case "call":
      uses.functions.add(node.name);
      for (const { value } of node.args) visit(value, uses);
      for (const key of node.keys) visit(key, uses);
      return;
    case "list":
      for (const item of node.items) visit(item, uses);
      return;
    case "map":
      for (const { value } of node.entries) visit(value, uses);
      return;
    case "lambda":
      visit(node.body, uses);
      return;
    case "negate":
    case "not":
      visit(node.operand, uses);
      return;
    case "math":
    case "compare":
    case "logic":
      visit(node.left, uses);
      visit(node.right, uses);
      return;
    default:
  }
}
