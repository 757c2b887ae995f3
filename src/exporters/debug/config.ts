import { z } from "../../config/index.ts";

export const configSchema = z
  .strictObject({
    verbosity: z
      .enum(["basic", "normal", "detailed"])
      .default("basic")
      .describe("basic: counts of each batch; normal: and a line for each data point; detailed: everything."),
    sampling_initial: z
      .int()
      .min(0)
      .default(2)
      .describe("How many batches of each second are printed whatever follows."),
    sampling_thereafter: z
      .int()
      .min(0)
      .default(1)
      .describe(
        "Of the further batches of that second every n-th is printed, this being n: 1 = all, 0 = none.",
      ),
    use_internal_logger: z
      .boolean()
      .default(true)
      .describe("Print through the collector's log; false prints plain lines to standard output."),
  })
  .prefault({});

export type DebugConfig = z.output<typeof configSchema>;
