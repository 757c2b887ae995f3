import type { Lambda, LambdaParameter } from "../functions/parameter.ts";
import { ProblemSignal } from "../ottl-error.ts";
import type { Expression } from "../syntax/ast.ts";
import type { Compilation } from "./compilation.ts";

/**
 * A lambda; its parameters lie behind those of the lambdas around it.
 * @param what the argument, for messages
 * @throws ProblemSignal for what is none, or has the wrong number of parameters
 */
export function compileLambda(
  { arity }: LambdaParameter,
  node: Expression,
  what: string,
  compilation: Compilation,
): Lambda {
  if (node.kind !== "lambda") {
    const names = ["a", "b", "c"].slice(0, arity).join(", ");
    throw new ProblemSignal(node.column, `${what} must be a lambda`, `write (${names}) => ...`);
  }
  if (node.parameters.length !== arity) {
    throw new ProblemSignal(
      node.column,
      `${what} must be a lambda of ${arity} parameters, got ${node.parameters.length}`,
    );
  }
  const outer = compilation.locals;
  const base = outer.length === 0 ? 0 : (outer.at(-1)?.slot ?? 0) + 1;
  const locals = [...outer, ...node.parameters.map((name, i) => ({ name, slot: base + i }))];
  const isCondition = ["compare", "logic", "not"].includes(node.body.kind);
  const body = compilation.within(locals, () =>
    isCondition ? compilation.condition(node.body) : compilation.value(node.body).get,
  );
  return (frame, ...args) => {
    for (const [i, arg] of args.entries()) frame.locals[base + i] = arg;
    return body(frame);
  };
}
