import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { GroupByAttrsProcessor } from "./group-by-attrs-processor.ts";

export default defineProcessor({
  type: "groupbyattrs",
  stability: "beta",
  description:
    "Moves attributes of data points to their resource, so that each value has a resource of its own.",
  config: configSchema,
  create: ({ config }) => new GroupByAttrsProcessor(config),
});
