import type { Parameter } from "../functions/parameter.ts";
import { ProblemSignal } from "../ottl-error.ts";
import type { Call } from "../syntax/ast.ts";
import { isUpperCase } from "../syntax/parse.ts";
import { compileArgument } from "./argument.ts";
import { bindArguments } from "./bind-arguments.ts";
import type { Compilation } from "./compilation.ts";
import type { Compiled } from "./compiled.ts";
import { findFunction } from "./find-function.ts";
import { compileKeys, readKeys } from "./keys.ts";

/** A call that stands for a value. @throws ProblemSignal for an editor */
export function compileConverter(call: Call, compilation: Compilation): Compiled {
  if (!isUpperCase(call.name)) {
    throw new ProblemSignal(
      call.column,
      `${call.name} is an editor and has no value`,
      "converters begin with a capital letter",
    );
  }
  return compileCall(call, compilation);
}

/** @throws ProblemSignal for a function that there is not, or arguments that it does not take */
export function compileCall(call: Call, compilation: Compilation): Compiled {
  const { functions, context } = compilation.options;
  const definition = findFunction(functions, context, call.name, call.column);
  const args: Record<string, unknown> = {};
  for (const [name, { value }] of bindArguments(call, definition)) {
    const parameter = definition.parameters[name] as Parameter;
    args[name] = compileArgument(parameter, value, `argument "${name}" of ${call.name}`, compilation);
  }
  compilation.effects.addFunction(definition.effects ?? {});
  let get: Compiled["get"];
  try {
    get = definition.build(args);
  } catch (error) {
    if (error instanceof ProblemSignal) throw error;
    throw new ProblemSignal(call.column, `${call.name}: ${(error as Error).message}`);
  }
  if (call.keys.length === 0) return { type: definition.returns, get };
  const keys = compileKeys(call.keys, definition.returns, compilation);
  return { type: "any", get: (frame) => readKeys(get(frame), keys, frame) };
}
