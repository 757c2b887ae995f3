import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { MetricsTransformProcessor } from "./metrics-transform-processor.ts";

export default defineProcessor({
  type: "metrics_transform",
  aliases: ["metricstransform"],
  stability: "beta",
  description: "Renames, copies, combines, groups, scales and aggregates metrics by name.",
  config: configSchema,
  create: (settings) => new MetricsTransformProcessor(settings),
});
