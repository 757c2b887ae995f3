import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { CumulativeToDeltaProcessor } from "./cumulative-to-delta-processor.ts";

export default defineProcessor({
  type: "cumulative_to_delta",
  aliases: ["cumulativetodelta"],
  stability: "beta",
  description: "Turns running totals (cumulative sums and histograms) into exact deltas.",
  config: configSchema,
  create: (settings) => new CumulativeToDeltaProcessor(settings),
});
