import { duration, z } from "../../config/index.ts";

export const configSchema = z.strictObject({
  interval: duration({ min: 1 })
    .prefault("60s")
    .describe("How often the latest point of each series is handed on."),
  pass_through: z
    .strictObject({
      gauge: z.boolean().default(false).describe("Gauges are handed on at once."),
      summary: z.boolean().default(false).describe("Summaries are handed on at once."),
    })
    .prefault({})
    .describe("What is not to be thinned out."),
});

export type Config = z.output<typeof configSchema>;
