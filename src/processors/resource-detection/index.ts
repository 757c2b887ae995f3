import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { ResourceDetectionProcessor } from "./resource-detection-processor.ts";

export default defineProcessor({
  type: "resource_detection",
  aliases: ["resourcedetection"],
  stability: "beta",
  description: "Adds what is known about where the collector runs to every resource.",
  config: configSchema,
  create: (settings) => new ResourceDetectionProcessor(settings),
});
