import { z } from "zod";
import { markKind } from "./kinds.ts";

/**
 * A section that is off unless it is written: `key: {}` and `key:` (null) turn it on with its defaults, `enabled: false`
 * turns it off again. The value is undefined when off. For a section that null leaves off (`tls`, `auth`), a plain
 * `z.strictObject(…).optional()` does.
 */
export function optionalSection<S extends z.ZodObject>(
  section: S,
): z.ZodType<z.output<S> | undefined, unknown> {
  return markKind(switchable(section), "optional-section").optional() as never;
}

/** A section that is on with its defaults unless `enabled: false` turns it off; the value is undefined when off. */
export function enabledSection<S extends z.ZodObject>(
  section: S,
): z.ZodType<z.output<S> | undefined, unknown> {
  return markKind(switchable(section), "enabled-section").prefault({}) as never;
}

function switchable(section: z.ZodObject): z.ZodType {
  const enabled = z.boolean().default(true).describe("Whether this section is in use.");
  const full = "enabled" in section.shape ? section : section.safeExtend({ enabled });
  return z.preprocess(
    (input) => (input === null ? {} : input),
    full.transform((value) => (value["enabled"] === false ? undefined : value)),
  );
}
