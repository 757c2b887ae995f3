import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { KubevirtHandlerProcessor } from "./kubevirt-handler.ts";

export { type Coverage, coverage } from "./coverage.ts";
export { type DocumentedMetric, type DocumentedSet, handlerSet, metricsOfFamily } from "./documented-set.ts";

export default defineProcessor({
  type: "kubevirt_handler",
  stability: "beta",
  description: "Makes the documented kubevirt_handler.* metrics of what a virt-handler exposes.",
  config: configSchema,
  create: (settings) => new KubevirtHandlerProcessor(settings),
});
