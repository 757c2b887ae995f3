import { defineProcessor } from "../../component/index.ts";
import { BatchProcessor } from "./batch-processor.ts";
import { configSchema } from "./config.ts";

export default defineProcessor({
  type: "batch",
  stability: "beta",
  description: "Makes one batch of several, by size and time.",
  config: configSchema,
  holdsBack: true,
  create: (settings) => new BatchProcessor(settings),
});
