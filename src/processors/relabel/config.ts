import { z } from "../../config/index.ts";
import { relabelSchema } from "../../relabel/index.ts";

export const configSchema = z.strictObject({
  metric_relabel_configs: z
    .array(relabelSchema)
    .min(1)
    .describe("Prometheus' relabelling rules, in their order. `__name__` is the name of the metric."),
});

export type Config = z.output<typeof configSchema>;
