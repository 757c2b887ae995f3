import { actionsProcessor } from "../../attribute-actions/index.ts";
import { defineProcessor } from "../../component/index.ts";
import { AttributesProcessor } from "./attributes-processor.ts";
import { configSchema } from "./config.ts";
import { metricChoice } from "./metric-choice.ts";

export default defineProcessor({
  type: "attributes",
  stability: "beta",
  description: "Sets, removes, hashes, extracts and converts attributes of data points.",
  config: configSchema,
  create: ({ config }) => {
    const choose = metricChoice(config);
    return actionsProcessor(config.actions, (act) => new AttributesProcessor(choose, act));
  },
});
