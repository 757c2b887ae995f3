import { nearestName } from "../../config/index.ts";
import type { FunctionDefinition } from "../functions/parameter.ts";
import { ProblemSignal } from "../ottl-error.ts";
import type { Argument, Call } from "../syntax/ast.ts";

/**
 * Which argument is meant for which parameter, in the order of the parameters.
 * @throws ProblemSignal for unknown, missing and surplus ones
 */
export function bindArguments(call: Call, definition: FunctionDefinition): ReadonlyMap<string, Argument> {
  const names = Object.keys(definition.parameters);
  const given = new Map<string, Argument>();
  let seenNamed = false;
  for (const [i, argument] of call.args.entries()) {
    const { column } = argument;
    if (argument.name === undefined && seenNamed) {
      throw new ProblemSignal(column, "an argument without a name stands behind one with a name");
    }
    seenNamed ||= argument.name !== undefined;
    const name = argument.name === undefined ? names[i] : byName(names, argument.name);
    if (name === undefined) throw unknownArgument(call, definition, argument);
    if (given.has(name)) throw new ProblemSignal(column, `argument "${name}" is given twice`);
    given.set(name, argument);
  }
  const missing = names.find((name) => !given.has(name) && definition.parameters[name]?.optional === false);
  if (missing !== undefined) {
    throw new ProblemSignal(
      call.column,
      `${call.name} lacks its argument "${missing}"`,
      signature(definition),
    );
  }
  return new Map(
    names.flatMap((name) => {
      const argument = given.get(name);
      return argument === undefined ? [] : [[name, argument] as const];
    }),
  );
}

/** Names are snake_case; the documentation of some functions writes them in camelCase. */
function byName(names: readonly string[], written: string): string | undefined {
  const fold = (name: string) => name.toLowerCase().replaceAll("_", "");
  return names.find((name) => fold(name) === fold(written));
}

function unknownArgument(
  call: Call,
  definition: FunctionDefinition,
  { name, column }: Argument,
): ProblemSignal {
  const names = Object.keys(definition.parameters);
  if (name === undefined) {
    const takes = names.length === 0 ? "no" : names.length === 1 ? "1" : `at most ${names.length}`;
    const noun = names.length === 1 ? "argument" : "arguments";
    return new ProblemSignal(
      column,
      `${call.name} takes ${takes} ${noun}, got ${call.args.length}`,
      signature(definition),
    );
  }
  const near = nearestName(name, names);
  const hint = near === undefined ? signature(definition) : `did you mean "${near}"?`;
  return new ProblemSignal(column, `${call.name} has no argument "${name}"`, hint);
}

function signature({ name, parameters }: FunctionDefinition): string {
  const list = Object.entries(parameters).map(([key, { optional }]) => (optional ? `${key}?` : key));
  return `it is ${name}(${list.join(", ")})`;
}
