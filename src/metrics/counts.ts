import type { Count } from "./types.ts";

/** Exact for integers of any size; fractions, which only doubles have, as doubles. */
export function subtractCounts(a: Count, b: Count): Count {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return isWhole(a) && isWhole(b) ? BigInt(a) - BigInt(b) : Number(a) - Number(b);
}

export function addCounts(a: Count, b: Count): Count {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum) || !isWhole(a) || !isWhole(b)) return sum;
  }
  return isWhole(a) && isWhole(b) ? BigInt(a) + BigInt(b) : Number(a) + Number(b);
}

function isWhole(count: Count): boolean {
  return typeof count === "bigint" || Number.isInteger(count);
}
