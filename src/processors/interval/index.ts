import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { IntervalProcessor } from "./interval-processor.ts";

export default defineProcessor({
  type: "interval",
  stability: "beta",
  description: "Hands on the latest point of each series at intervals.",
  config: configSchema,
  create: (settings) => new IntervalProcessor(settings),
});
