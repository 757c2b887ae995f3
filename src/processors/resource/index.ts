import { actionsProcessor } from "../../attribute-actions/index.ts";
import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { ResourceProcessor } from "./resource-processor.ts";

export default defineProcessor({
  type: "resource",
  stability: "beta",
  description: "Sets, removes, hashes, extracts and converts attributes of resources.",
  config: configSchema,
  create: ({ config }) => actionsProcessor(config.attributes, (act) => new ResourceProcessor(act)),
});
