import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { DeltaToCumulativeProcessor } from "./delta-to-cumulative-processor.ts";

export default defineProcessor({
  type: "delta_to_cumulative",
  aliases: ["deltatocumulative"],
  stability: "beta",
  description: "Adds deltas up to running totals (cumulative sums and histograms).",
  config: configSchema,
  create: (settings) => new DeltaToCumulativeProcessor(settings),
});
