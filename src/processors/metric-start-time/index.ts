import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { MetricStartTimeProcessor } from "./metric-start-time-processor.ts";

export default defineProcessor({
  type: "metric_start_time",
  aliases: ["metricstarttime"],
  stability: "beta",
  description: "Gives running totals that have no start time one.",
  config: configSchema,
  create: (settings) => new MetricStartTimeProcessor(settings),
});
