import { z } from "zod";

/**
 * A check of several fields of an object against each other, for `z.strictObject(…).check(crossCheck(…))`. It runs
 * whenever the named fields themselves are good, so that its problem is reported together with those of other fields;
 * zod by itself would keep it back until all else is right.
 */
export function crossCheck<Value extends object>(
  fields: readonly (keyof Value & string)[],
  check: z.core.CheckFn<Value>,
): z.core.$ZodCheck<Value> {
  const result = z.check<Value>(check);
  result._zod.def.when = ({ value, issues }) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !issues.some(({ path }) => fields.some((field) => path?.[0] === field));
  return result;
}
