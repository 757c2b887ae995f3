import { z } from "zod";

/** Why an option of Prometheus or the Collector is not there, by its name. */
export type Unsupported = Readonly<Record<string, string>>;

/**
 * A section that refuses options it has no use for with the reason, rather than as unknown: they are right elsewhere, and
 * whoever brings a config along should learn what does not work here.
 */
export function refusing<Section extends z.ZodType>(
  section: Section,
  unsupported: Unsupported,
  pattern?: { readonly test: RegExp; readonly reason: string },
): z.ZodType<z.output<Section>, unknown> {
  return z.preprocess((input, context) => {
    if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
    for (const key of Object.keys(input)) {
      const matches = pattern?.test.test(key) === true && !isOption(section, key);
      const reason = Object.hasOwn(unsupported, key)
        ? unsupported[key]
        : matches
          ? pattern?.reason
          : undefined;
      if (reason === undefined) continue;
      context.issues.push({ code: "custom", input, path: [key], message: `is not supported: ${reason}` });
    }
    return input;
  }, section);
}

function isOption(section: z.ZodType, key: string): boolean {
  return section instanceof z.ZodObject && Object.hasOwn(section.shape, key);
}
