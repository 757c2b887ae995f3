import { duration, z } from "../../config/index.ts";

export const configSchema = z.strictObject({
  max_stale: duration({ min: 1 })
    .prefault("5m")
    .describe("After so long without a delta a series is forgotten; its next delta begins a new total."),
  max_streams: z
    .int()
    .min(0)
    .default(Number.MAX_SAFE_INTEGER)
    .describe("Most series that are kept. Deltas of others are dropped and counted. 0 = no limit."),
});

export type Config = z.output<typeof configSchema>;
