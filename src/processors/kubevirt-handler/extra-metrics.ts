import { z } from "../../config/index.ts";
import { type NameLookup, nameLookup, regexProblem } from "./name-patterns.ts";

export const extraTypes = ["gauge", "counter", "histogram", "summary"] as const;
export type ExtraType = (typeof extraTypes)[number];

const definition = z
  .strictObject({
    name: z.string().min(1).optional().describe("What to call it. Default: its name at the source."),
    type: z
      .enum(extraTypes)
      .optional()
      .describe("What to take it for, whatever the source says. Default: what the source says."),
  })
  .refine((value) => Object.keys(value).length > 0, "needs name or type");

export const extraMetricsSchema = z
  .array(z.union([z.string().min(1), z.record(z.string().min(1), z.union([z.string().min(1), definition]))]))
  .default([])
  .check(({ value, issues }) => {
    for (const [i, item] of value.entries()) {
      for (const pattern of typeof item === "string" ? [item] : Object.keys(item)) {
        const message = regexProblem(pattern);
        if (message === undefined) continue;
        const path = typeof item === "string" ? [i] : [i, pattern];
        issues.push({ code: "custom", input: pattern, path, message });
      }
    }
  })
  .describe(
    "Metrics to make beside the documented ones, or in their place: a name at the source, or a map from it to a new name or to `{name, type}`. Names as the integration writes them: counters without `_total`. What is no plain name is a regular expression (RE2) that matches anywhere. Names get the set's prefix, counters `.count`.",
  );

/** What to make of a metric; undefined: as the source has it. */
export interface ExtraMetric {
  readonly name: string | undefined;
  readonly type: ExtraType | undefined;
}

export function extraMetrics(config: z.output<typeof extraMetricsSchema>): NameLookup<ExtraMetric> {
  const entries = config.flatMap((item) =>
    typeof item === "string" ? [[item, {}] as const] : Object.entries(item),
  );
  return nameLookup(
    entries.map(([pattern, value]) => {
      const { name, type }: Partial<ExtraMetric> = typeof value === "string" ? { name: value } : value;
      return [pattern, { name, type }];
    }),
  );
}
