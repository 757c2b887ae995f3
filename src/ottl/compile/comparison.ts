import type { Frame } from "../context/draft.ts";
import { enums } from "../context/fields.ts";
import { ProblemSignal } from "../ottl-error.ts";
import type { Comparison, Expression } from "../syntax/ast.ts";
import { compareValues } from "../values/compare.ts";
import type { ValueType } from "../values/value-type.ts";
import type { Compiled } from "./compiled.ts";

/** @throws ProblemSignal for types that are never equal, which nobody means to compare */
export function compileComparison(
  { left, right, operator, column }: Comparison,
  a: Compiled,
  b: Compiled,
): (frame: Frame) => boolean {
  if (neverEqual(a.type, b.type)) {
    throw new ProblemSignal(
      column,
      `cannot compare ${a.type} ${operator} ${b.type}`,
      enumHint(left, a, b) ?? enumHint(right, b, a) ?? "values of different types are never equal",
    );
  }
  if (b.constant === undefined) return (frame) => compareValues(a.get(frame), operator, b.get(frame));
  const { value } = b.constant;
  const { get } = a;
  // The most common comparisons need no look at the types.
  if (typeof value === "string" && operator === "==") return (frame) => get(frame) === value;
  if (typeof value === "string" && operator === "!=") return (frame) => get(frame) !== value;
  return (frame) => compareValues(get(frame), operator, value);
}

function neverEqual(left: ValueType, right: ValueType): boolean {
  if (left === right || [left, right].some((type) => type === "any" || type === "nil")) return false;
  return !(["int", "float"].includes(left) && ["int", "float"].includes(right));
}

/** `metric.type == "Sum"` is what people write and can never be true. */
function enumHint(node: Expression, self: Compiled, other: Compiled): string | undefined {
  if (node.kind !== "path" || self.type !== "int" || other.type !== "string") return undefined;
  const field = node.segments.at(-1)?.name;
  const prefix =
    field === "type"
      ? "METRIC_DATA_TYPE_"
      : field === "aggregation_temporality"
        ? "AGGREGATION_TEMPORALITY_"
        : "";
  return prefix === ""
    ? undefined
    : `compare with an enum such as ${[...enums.keys()].filter((name) => name.startsWith(prefix))[1]}`;
}
