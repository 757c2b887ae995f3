import type { Frame } from "../context/draft.ts";
import { EvaluationError, ProblemSignal } from "../ottl-error.ts";
import type { Call, Expression } from "../syntax/ast.ts";
import { printExpression } from "../syntax/print.ts";
import { typeOf } from "../values/value-type.ts";
import { compileComparison } from "./comparison.ts";
import type { Compilation } from "./compilation.ts";

type Test = (frame: Frame) => boolean;

/** @throws ProblemSignal for what is no condition */
export function compileCondition(node: Expression, compilation: Compilation): Test {
  switch (node.kind) {
    case "logic": {
      const left = compilation.condition(node.left);
      const right = compilation.condition(node.right);
      return node.operator === "and"
        ? (frame) => left(frame) && right(frame)
        : (frame) => left(frame) || right(frame);
    }
    case "not": {
      const operand = compilation.condition(node.operand);
      return (frame) => !operand(frame);
    }
    case "compare":
      return compileComparison(node, compilation.value(node.left), compilation.value(node.right));
    case "literal":
      if (typeof node.value === "boolean") {
        const { value } = node;
        return () => value;
      }
      break;
    case "call":
      return converterTest(node, compilation);
    default:
  }
  throw new ProblemSignal(
    node.column,
    `a condition is a comparison or a converter, got ${printExpression(node)}`,
    node.kind === "path" ? `write ${printExpression(node)} == true, or != nil` : undefined,
  );
}

function converterTest(call: Call, compilation: Compilation): Test {
  const { get, type } = compilation.value(call);
  if (type === "bool") return get as Test;
  if (type !== "any") {
    throw new ProblemSignal(call.column, `${call.name} gives ${type}, a condition needs bool`);
  }
  return (frame) => {
    const result = get(frame);
    if (typeof result === "boolean") return result;
    throw new EvaluationError(`${call.name} gave ${typeOf(result)}, a condition needs bool`);
  };
}
