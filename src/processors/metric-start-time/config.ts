import { duration, z } from "../../config/index.ts";
import { compileRegex, RegexError } from "../../regex/index.ts";

export const configSchema = z.strictObject({
  strategy: z
    .enum(["true_reset_point", "subtract_initial_point", "start_time_metric"])
    .default("true_reset_point")
    .describe(
      "Since when a total runs. `true_reset_point`: since its first point, which goes on with no length. `subtract_initial_point`: likewise, but what the total was then is taken off all points, and the first is dropped. `start_time_metric`: since the process started, as a metric of the same batch says.",
    ),
  gc_interval: duration({ min: 1 })
    .prefault("10m")
    .describe("After so long without a point a series is forgotten; its next point is a first one."),
  start_time_metric_regex: z
    .string()
    .default("")
    .describe(
      "With `start_time_metric`: a regular expression (RE2) that matches anywhere in the name of the metric, a gauge or sum in seconds since the Unix epoch. Default: the name is `process_start_time_seconds`.",
    )
    .check(({ value, issues }) => {
      try {
        compileRegex(value);
      } catch (error) {
        if (!(error instanceof RegexError)) throw error;
        issues.push({ code: "custom", input: value, message: error.message });
      }
    }),
});

export type Config = z.output<typeof configSchema>;
