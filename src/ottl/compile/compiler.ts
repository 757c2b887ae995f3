import type { Frame } from "../context/draft.ts";
import { Effects } from "../context/effects.ts";
import { ProblemSignal } from "../ottl-error.ts";
import type { Call, Expression } from "../syntax/ast.ts";
import { compileCall, compileConverter } from "./call.ts";
import type { Compilation, CompilerOptions, Local } from "./compilation.ts";
import type { Compiled } from "./compiled.ts";
import { compileCondition } from "./condition.ts";
import { compileEnum, compileList, compileLiteral, compileMap } from "./literals.ts";
import { compileMath, compileNegation } from "./math.ts";
import { compilePath } from "./path-value.ts";

/** Turns the tree of one statement into closures, checking every type that can be known. Throws ProblemSignal. */
export class Compiler implements Compilation {
  readonly options: CompilerOptions;
  #effects = new Effects();
  #locals: readonly Local[] = [];

  constructor(options: CompilerOptions) {
    this.options = options;
  }

  get effects(): Effects {
    return this.#effects;
  }

  get locals(): readonly Local[] {
    return this.#locals;
  }

  /** What has been compiled since the last call depends on and does this. */
  takeEffects(): Effects {
    const effects = this.#effects;
    this.#effects = new Effects();
    return effects;
  }

  within<Result>(locals: readonly Local[], compile: () => Result): Result {
    const outer = this.#locals;
    this.#locals = locals;
    try {
      return compile();
    } finally {
      this.#locals = outer;
    }
  }

  editor(call: Call): (frame: Frame) => void {
    return compileCall(call, this).get;
  }

  condition(node: Expression): (frame: Frame) => boolean {
    return compileCondition(node, this);
  }

  value(node: Expression): Compiled {
    switch (node.kind) {
      case "literal":
        return compileLiteral(node);
      case "name":
        return compileEnum(node, this);
      case "path":
        return compilePath(node, this);
      case "call":
        return compileConverter(node, this);
      case "list":
        return compileList(node, this);
      case "map":
        return compileMap(node, this);
      case "negate":
        return compileNegation(this.value(node.operand), node.column);
      case "math":
        return compileMath(node.operator, this.value(node.left), this.value(node.right), node.column);
      case "lambda":
        throw new ProblemSignal(node.column, "a lambda stands only where a function takes one");
      case "compare":
      case "logic":
      case "not":
        throw new ProblemSignal(
          node.column,
          "a condition is no value",
          "use When(() => condition, value, otherwise), or two statements with where",
        );
    }
  }
}
