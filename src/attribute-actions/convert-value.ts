import { attributeText } from "../reshape/index.ts";
import type { ConvertedType } from "./action-schema.ts";

const integer = /^[+-]?\d+$/;
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The value as another type; itself where it cannot be. */
export function convertValue(value: unknown, type: ConvertedType): unknown {
  switch (type) {
    case "string":
      return attributeText(value);
    case "double":
      return typeof value === "boolean" ? Number(value) : toDouble(value);
    case "int":
      return typeof value === "boolean" ? Number(value) : toInt(value);
  }
}

function toDouble(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "string" || !decimal.test(value)) return value;
  return Number(value);
}

/** Integers that a number does not hold exactly are bigints. */
function toInt(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? Math.trunc(value) : value;
  if (typeof value !== "string" || !integer.test(value)) return value;
  const exact = BigInt(value.replace("+", ""));
  if (exact !== BigInt.asIntN(64, exact)) return value;
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
}
