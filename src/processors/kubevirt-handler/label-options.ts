import { z } from "../../config/index.ts";
import { regexProblem } from "./name-patterns.ts";

const labelList = (what: string) => z.array(z.string().min(1)).default([]).describe(what);
const labelValue = z.union([z.string(), z.number(), z.boolean()]).transform(String);

/** Names, or regular expressions of names, each of which has to be good. */
export const namePatterns = () =>
  z.array(
    z
      .string()
      .min(1)
      .check(({ value, issues }) => {
        const message = regexProblem(value);
        if (message !== undefined) issues.push({ code: "custom", input: value, message });
      }),
  );

export const labelOptions = {
  exclude_metrics_by_labels: z
    .record(z.string().min(1), z.union([z.literal(true), z.array(labelValue).min(1)]))
    .default({})
    .describe(
      "Series to leave out: those that have the label with one of these values, or with any if `true`. Values are compared as a whole. Labels by their names at the source.",
    ),
  exclude_labels: labelList("Labels to leave out, by their names at the source, even if included."),
  include_labels: labelList("If any are given, only these labels are kept, by their names at the source."),
  rename_labels: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .describe(
      "Names of labels at the source and what to call them. A label whose new name the series has already keeps its own.",
    ),
  share_labels: z
    .record(
      z.string().min(1),
      z.union([
        z.literal(true),
        z
          .strictObject({
            labels: z.array(z.string().min(1)).min(1).optional().describe("Labels to share. Default: all."),
            match: z
              .array(z.string().min(1))
              .min(1)
              .optional()
              .describe("Labels that the two series must both have, with the same values. Default: none."),
            values: z
              .array(z.number())
              .min(1)
              .optional()
              .describe("Values that the sharing series must have one of. Default: any."),
          })
          .refine(
            (rule) => Object.keys(rule).length > 0,
            "needs one of labels, match, values; or write true",
          ),
      ]),
    )
    .default({})
    .describe(
      "Metrics at the source that give their labels to all other series of the scrape (`true`), or to those that match. A label that a series has itself is never overwritten.",
    ),
};
