import type { ComparisonOperator } from "../syntax/ast.ts";
import type { Duration, Instant } from "./time.ts";
import { isMap, typeOf } from "./value-type.ts";

/**
 * Compares as OTTL does: two nils are equal; ints and floats compare as floats; false is less than true; maps and
 * lists are equal or not but have no order; what has different types is unequal and in no order.
 */
export function compareValues(left: unknown, operator: ComparisonOperator, right: unknown): boolean {
  if (typeof left === "number" && typeof right === "number") return holds(operator, left, right);
  if (typeof left === "string" && typeof right === "string")
    return ordered(operator, compareText(left, right));
  const leftType = typeOf(left);
  const rightType = typeOf(right);
  if (leftType === "nil" && rightType === "nil") return ordered(operator, 0);
  if (leftType !== rightType) {
    const numeric = (type: string) => type === "int" || type === "float";
    if (numeric(leftType) && numeric(rightType)) return holds(operator, Number(left), Number(right));
    return operator === "!=";
  }
  switch (leftType) {
    case "int":
      return holds(operator, left as bigint, right as bigint);
    case "bool":
      return holds(operator, Number(left), Number(right));
    case "bytes":
      return ordered(operator, Buffer.compare(left as Uint8Array, right as Uint8Array));
    case "time":
      return holds(operator, (left as Instant).ns, (right as Instant).ns);
    case "duration":
      return holds(operator, (left as Duration).ns, (right as Duration).ns);
    default:
      if (operator === "==") return isEqual(left, right);
      return operator === "!=" ? !isEqual(left, right) : false;
  }
}

/** Same type and content; of lists in order, of maps in any order. */
export function isEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) && left.length === right.length && left.every((item, i) => isEqual(item, right[i]))
    );
  }
  if (isMap(left)) {
    if (!isMap(right)) return false;
    const keys = Object.keys(left);
    return (
      keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && isEqual(left[key], right[key]))
    );
  }
  return typeOf(left) === typeOf(right) && compareValues(left, "==", right);
}

/** Order of the UTF-8 bytes, which is that of the code points: surrogates come last among UTF-16 units, not here. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    if (a === b) continue;
    const aHigh = a >= 0xd800 && a <= 0xdfff;
    const bHigh = b >= 0xd800 && b <= 0xdfff;
    return aHigh === bHigh ? a - b : aHigh ? 1 : -1;
  }
  return left.length - right.length;
}

function holds<T extends number | bigint>(operator: ComparisonOperator, left: T, right: T): boolean {
  switch (operator) {
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return left < right;
    case ">":
      return left > right;
    case "<=":
      return left <= right;
    case ">=":
      return left >= right;
  }
}

function ordered(operator: ComparisonOperator, order: number): boolean {
  return holds(operator, order, 0);
}
