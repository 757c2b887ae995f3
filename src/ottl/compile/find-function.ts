import { nearestName } from "../../config/index.ts";
import type { ContextName } from "../context/context-name.ts";
import type { FunctionDefinition } from "../functions/parameter.ts";
import { unsupported } from "../functions/unsupported.ts";
import { ProblemSignal } from "../ottl-error.ts";

/** @throws ProblemSignal for a function that does not exist, or not in the context */
export function findFunction(
  functions: ReadonlyMap<string, FunctionDefinition>,
  context: ContextName,
  name: string,
  column: number,
): FunctionDefinition {
  const definition = functions.get(name);
  if (definition === undefined) {
    const reason = unsupported.get(name);
    if (reason !== undefined) throw new ProblemSignal(column, `${name} is not supported`, reason);
    const near = nearestName(name, functions.keys());
    const hint = near === undefined ? undefined : `did you mean ${near}?`;
    throw new ProblemSignal(column, `unknown function ${name}`, hint);
  }
  if (definition.contexts !== undefined && !definition.contexts.includes(context)) {
    throw new ProblemSignal(
      column,
      `${name} is not there in the ${context} context`,
      `put it into a group of its own in the ${definition.contexts.join(" or ")} context`,
    );
  }
  return definition;
}
