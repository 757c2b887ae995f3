import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { MetricsGenerationProcessor } from "./metrics-generation-processor.ts";

export default defineProcessor({
  type: "metricsgeneration",
  aliases: ["experimental_metricsgeneration"],
  stability: "beta",
  description: "Makes new metrics by calculating with those of a batch.",
  config: configSchema,
  create: (settings) => new MetricsGenerationProcessor(settings),
});
