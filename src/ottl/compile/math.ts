import { EvaluationError, ProblemSignal } from "../ottl-error.ts";
import type { MathOperator } from "../syntax/ast.ts";
import { wrap } from "../values/numbers.ts";
import { Duration, Instant } from "../values/time.ts";
import { typeOf, type ValueType } from "../values/value-type.ts";
import type { Compiled } from "./compiled.ts";

/**
 * The type of a math operation; int and float do not mix, times and durations add and subtract.
 * @throws ProblemSignal
 */
function resultType(operator: MathOperator, left: ValueType, right: ValueType): ValueType | undefined {
  const numeric = (type: ValueType) => type === "int" || type === "float";
  if (left === "any" || right === "any") {
    const known = left === "any" ? right : left;
    if (known === "any" || known === "time" || known === "duration") return "any";
    return numeric(known) ? known : undefined;
  }
  if (numeric(left)) return left === right ? left : undefined;
  if (operator === "-" && left === "time" && right === "time") return "duration";
  if (operator !== "+" && operator !== "-") return undefined;
  if (left === "time" && right === "duration") return "time";
  if (left === "duration" && right === "duration") return "duration";
  return operator === "+" && left === "duration" && right === "time" ? "time" : undefined;
}

/** @throws ProblemSignal when the types do not go together */
export function compileMath(
  operator: MathOperator,
  left: Compiled,
  right: Compiled,
  column: number,
): Compiled {
  const type = resultType(operator, left.type, right.type);
  if (type === undefined) {
    const mixed = new Set([left.type, right.type]);
    const isMixed = mixed.has("int") && mixed.has("float");
    throw new ProblemSignal(
      column,
      `cannot calculate ${left.type} ${operator} ${right.type}`,
      isMixed
        ? 'int and float do not mix: write "2.0" for "2", or convert with Double(...) or Int(...)'
        : undefined,
    );
  }
  if (operator === "/" && (right.constant?.value === 0n || right.constant?.value === 0)) {
    throw new ProblemSignal(column, "division by zero");
  }
  const a = left.get;
  const b = right.get;
  if (left.type === "float" && right.type === "float") return { type, get: floatMath(operator, a, b) };
  return { type, get: (frame) => calculate(operator, a(frame), b(frame)) };
}

/** Values are known to be floats or nil. */
function floatMath(operator: MathOperator, a: Compiled["get"], b: Compiled["get"]): Compiled["get"] {
  return (frame) => {
    const left = a(frame);
    const right = b(frame);
    if (typeof left !== "number" || typeof right !== "number") return calculate(operator, left, right);
    switch (operator) {
      case "+":
        return left + right;
      case "-":
        return left - right;
      case "*":
        return left * right;
      case "/":
        return divide(left, right);
    }
  };
}

/** @throws EvaluationError */
function calculate(operator: MathOperator, left: unknown, right: unknown): unknown {
  if (typeof left === "bigint" && typeof right === "bigint") return wrap(integer(operator, left, right));
  if (typeof left === "number" && typeof right === "number") {
    if (operator === "+") return left + right;
    if (operator === "-") return left - right;
    return operator === "*" ? left * right : divide(left, right);
  }
  if (operator === "+" || operator === "-") {
    const sign = operator === "+" ? 1n : -1n;
    if (left instanceof Instant) {
      if (right instanceof Duration) return new Instant(left.ns + sign * right.ns, left.zone);
      if (right instanceof Instant && operator === "-") return new Duration(left.ns - right.ns);
    }
    if (left instanceof Duration) {
      if (right instanceof Duration) return new Duration(left.ns + sign * right.ns);
      if (right instanceof Instant && operator === "+") return new Instant(right.ns + left.ns, right.zone);
    }
  }
  throw new EvaluationError(`cannot calculate ${typeOf(left)} ${operator} ${typeOf(right)}`);
}

function integer(operator: MathOperator, left: bigint, right: bigint): bigint {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      if (right === 0n) throw new EvaluationError("division by zero");
      return left / right;
  }
}

function divide(left: number, right: number): number {
  if (right === 0) throw new EvaluationError("division by zero");
  return left / right;
}

/** @throws ProblemSignal for what is no number */
export function compileNegation({ type, get }: Compiled, column: number): Compiled {
  if (type !== "int" && type !== "float" && type !== "any") {
    throw new ProblemSignal(column, `cannot negate ${type}`);
  }
  return { type, get: (frame) => negate(get(frame)) };
}

/** @throws EvaluationError */
function negate(value: unknown): unknown {
  if (typeof value === "bigint") return wrap(-value);
  if (typeof value === "number") return -value;
  throw new EvaluationError(`cannot negate ${typeOf(value)}`);
}
