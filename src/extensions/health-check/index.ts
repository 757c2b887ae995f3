import { defineExtension } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { HealthCheckExtension } from "./health-check-extension.ts";

export default defineExtension({
  type: "health_check",
  aliases: ["healthcheckv2"],
  stability: "beta",
  description: "Tells over HTTP how the collector, its pipelines and its components are.",
  config: configSchema,
  create: (settings) => new HealthCheckExtension(settings),
});
