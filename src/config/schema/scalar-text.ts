import { z } from "zod";

/** Text that YAML may take for a number or a boolean when nobody quotes it, such as a label's value. */
export function scalarText(): z.ZodType<string, unknown> {
  return z.preprocess(
    (input) => (typeof input === "number" || typeof input === "boolean" ? String(input) : input),
    z.string(),
  );
}
