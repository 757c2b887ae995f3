import type { Frame } from "../context/draft.ts";
import { takesArguments } from "../functions/arity.ts";
import type { Arg, Parameter, TextFunction, ValueParameter } from "../functions/parameter.ts";
import { EvaluationError, ProblemSignal } from "../ottl-error.ts";
import type { Expression } from "../syntax/ast.ts";
import { printExpression } from "../syntax/print.ts";
import { typeOf } from "../values/value-type.ts";
import type { Compilation } from "./compilation.ts";
import { findFunction } from "./find-function.ts";
import { compileLambda } from "./lambda.ts";
import { compileTarget } from "./target.ts";

/**
 * An argument in the form that the parameter wants.
 * @param what the argument, for messages
 * @throws ProblemSignal for a wrong form or type
 */
export function compileArgument(
  parameter: Parameter,
  node: Expression,
  what: string,
  compilation: Compilation,
): unknown {
  switch (parameter.form) {
    case "value":
      return valueArgument(parameter, node, what, compilation);
    case "literal": {
      const arg = valueArgument(parameter.value, node, what, compilation);
      if (arg.constant === undefined) {
        throw new ProblemSignal(node.column, `${what} must be a literal, got ${printExpression(node)}`);
      }
      return arg.constant.value;
    }
    case "target":
      return compileTarget(parameter, node, what, compilation);
    case "lambda":
      return compileLambda(parameter, node, what, compilation);
    case "function":
      return textFunction(node, what, compilation);
  }
}

function valueArgument(
  { types, convert, expected }: ValueParameter<unknown>,
  node: Expression,
  what: string,
  compilation: Compilation,
): Arg<unknown> {
  if (node.kind === "lambda")
    throw new ProblemSignal(node.column, `${what} must be ${expected}, got a lambda`);
  const { type, get, constant: known } = compilation.value(node);
  const takesAll = types.includes("any");
  if (!takesAll && type !== "any" && !types.includes(type)) {
    throw new ProblemSignal(node.column, `${what} must be ${expected}, got ${type}`);
  }
  // A path of a known type may still be unset.
  const needsCheck = !takesAll && (type === "any" || known === undefined);
  const checked = needsCheck
    ? (frame: Frame) => {
        const value = get(frame);
        const actual = typeOf(value);
        if (!types.includes(actual)) throw new EvaluationError(`${what} must be ${expected}, got ${actual}`);
        return convert(value);
      }
    : (frame: Frame) => convert(get(frame));
  if (known === undefined) return { get: checked, constant: undefined };
  try {
    const value = convert(known.value);
    return { get: () => value, constant: { value } };
  } catch (error) {
    throw new ProblemSignal(node.column, `${what}: ${(error as Error).message}`);
  }
}

/** A converter of one string, handed over by its name. */
function textFunction(node: Expression, what: string, { options }: Compilation): TextFunction {
  if (node.kind !== "name") {
    throw new ProblemSignal(node.column, `${what} must be the name of a converter, such as SHA256`);
  }
  const definition = findFunction(options.functions, options.context, node.name, node.column);
  const [first] = Object.entries(definition.parameters);
  const [, parameter] = first ?? [];
  if (first === undefined || parameter?.form !== "value" || !takesArguments(definition, 1)) {
    throw new ProblemSignal(node.column, `${what} must be a converter of one string, ${node.name} is none`);
  }
  if (!parameter.types.includes("any") && !parameter.types.includes("string")) {
    throw new ProblemSignal(
      node.column,
      `${what} must be a converter of a string, ${node.name} takes ${parameter.expected}`,
    );
  }
  let current = "";
  const convert = parameter.convert;
  const get = definition.build({ [first[0]]: { get: () => convert(current), constant: undefined } });
  return (frame, text) => {
    current = text;
    const result = get(frame);
    if (typeof result === "string") return result;
    throw new EvaluationError(`${node.name} gave ${typeOf(result)}, a replacement must be a string`);
  };
}
