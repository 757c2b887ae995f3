import { duration, z } from "../../config/index.ts";
import { compileRegex, RegexError } from "../../regex/index.ts";

export const metricTypes = ["sum", "histogram", "exponential_histogram"] as const;
export type MetricType = (typeof metricTypes)[number];

const choiceSchema = (what: string) =>
  z
    .strictObject({
      metrics: z
        .array(z.string().min(1))
        .default([])
        .describe("Names of metrics, or regular expressions (RE2) that match anywhere in them."),
      match_type: z
        .enum(["strict", "regexp"])
        .optional()
        .describe("Whether `metrics` are names (`strict`) or regular expressions (`regexp`)."),
      metric_types: z
        .array(z.enum(metricTypes))
        .default([])
        .describe("Kinds of metrics. With `include` a metric has to match by name and by kind."),
    })
    .check(({ value: { metrics, match_type }, issues }) => {
      if (metrics.length > 0 && match_type === undefined) {
        issues.push({
          code: "custom",
          input: match_type,
          path: ["match_type"],
          message: 'is required with metrics: "strict" or "regexp"',
        });
      }
      if (match_type !== "regexp") return;
      for (const [i, pattern] of metrics.entries()) {
        try {
          compileRegex(pattern);
        } catch (error) {
          if (!(error instanceof RegexError)) throw error;
          issues.push({ code: "custom", input: pattern, path: ["metrics", i], message: error.message });
        }
      }
    })
    .prefault({})
    .describe(what);

export const configSchema = z.strictObject({
  include: choiceSchema("Which metrics to convert. Default: all."),
  exclude: choiceSchema("Which metrics to leave as they are, even if included: by name or by kind."),
  max_staleness: duration()
    .prefault("1h")
    .describe(
      "How long a series may be absent for its next difference to still cover the gap; then it is forgotten. 0 = never, which takes memory for every series ever seen.",
    ),
  initial_value: z
    .enum(["auto", "keep", "drop"])
    .default("auto")
    .describe(
      "What becomes of the first total of a series. `drop`: nothing. `keep`: it is the first delta as it is. `auto`: kept if its source says that it began while this processor was looking, else dropped.",
    ),
});

export type Config = z.output<typeof configSchema>;
export type Choice = Config["include"];
