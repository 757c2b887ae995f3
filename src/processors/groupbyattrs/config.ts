import { z } from "../../config/index.ts";

export const configSchema = z.strictObject({
  keys: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Attributes of points that move to the resource. `[]`: equal resources, scopes and metrics of a batch become one, nothing else.",
    ),
});

export type Config = z.output<typeof configSchema>;
