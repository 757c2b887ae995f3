import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { RelabelProcessor } from "./relabel-processor.ts";

export default defineProcessor({
  type: "relabel",
  stability: "beta",
  description: "Runs Prometheus' relabelling rules over data points.",
  config: configSchema,
  create: (settings) => new RelabelProcessor(settings),
});
