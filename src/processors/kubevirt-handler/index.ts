import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { KubevirtHandlerProcessor } from "./kubevirt-handler.ts";

export { type Coverage, coverage } from "./coverage.ts";
export { type DocumentedMetric, type DocumentedSet, metricsOfFamily } from "./documented-set.ts";
export { documentedSets, handlerSet } from "./sets/index.ts";

export default defineProcessor({
  type: "kubevirt_handler",
  stability: "beta",
  description: "Makes the documented metrics of what virt-handler, virt-api or virt-controller expose.",
  config: configSchema,
  create: (settings) => new KubevirtHandlerProcessor(settings),
});
