import { z } from "../../config/index.ts";

export const configSchema = z.strictObject({
  metrics: z
    .array(z.string().min(1))
    .min(1)
    .describe("Names of the delta sums that become rates. Others pass, and so do metrics of other kinds."),
});

export type Config = z.output<typeof configSchema>;
