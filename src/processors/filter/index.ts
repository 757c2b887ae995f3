import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { FilterProcessor } from "./filter.ts";

export default defineProcessor({
  type: "filter",
  stability: "beta",
  description: "Drops metrics and data points for which conditions hold.",
  config: configSchema,
  create: (settings) => new FilterProcessor(settings),
});
