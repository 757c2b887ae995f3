import { defineProcessor } from "../../component/index.ts";
import { AttributesProcessor } from "./attributes-processor.ts";
import { configSchema } from "./config.ts";

export default defineProcessor({
  type: "attributes",
  stability: "beta",
  description: "Sets, removes, hashes, extracts and converts attributes of data points.",
  config: configSchema,
  create: ({ config }) => new AttributesProcessor(config),
});
