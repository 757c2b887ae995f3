import type { Evaluate } from "../functions/parameter.ts";
import type { ValueType } from "../values/value-type.ts";

/** An expression ready to run. */
export interface Compiled {
  readonly type: ValueType;
  readonly get: Evaluate;
  /** Set where the value is known from the text alone. */
  readonly constant?: { readonly value: unknown };
}

export function constant(type: ValueType, value: unknown): Compiled {
  return { type, get: () => value, constant: { value } };
}
