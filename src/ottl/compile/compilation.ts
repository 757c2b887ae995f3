import type { ContextName } from "../context/context-name.ts";
import type { Frame } from "../context/draft.ts";
import type { Effects } from "../context/effects.ts";
import type { FunctionDefinition } from "../functions/parameter.ts";
import type { Expression } from "../syntax/ast.ts";
import type { Compiled } from "./compiled.ts";

export interface CompilerOptions {
  readonly context: ContextName;
  /** Whether paths may leave out the context. */
  readonly isImplied: boolean;
  readonly functions: ReadonlyMap<string, FunctionDefinition>;
}

/** A parameter of a lambda, and where its value lies in the frame. */
export interface Local {
  readonly name: string;
  readonly slot: number;
}

/** What the parts of one statement share while they are compiled. What each compiles to may throw EvaluationError. */
export interface Compilation {
  readonly options: CompilerOptions;
  /** What the statement depends on and does, as far as it has been compiled. */
  readonly effects: Effects;
  /** Parameters of the lambdas around. */
  readonly locals: readonly Local[];
  /** @throws ProblemSignal */
  value(node: Expression): Compiled;
  /** @throws ProblemSignal */
  condition(node: Expression): (frame: Frame) => boolean;
  /** Compiles with these parameters around. */
  within<Result>(locals: readonly Local[], compile: () => Result): Result;
}
