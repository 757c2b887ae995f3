import { defineExporter } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { DebugExporter } from "./debug-exporter.ts";

export default defineExporter({
  type: "debug",
  stability: "beta",
  description: "Prints metrics to the log or to standard output.",
  config: configSchema,
  create: (settings) => new DebugExporter(settings),
});
