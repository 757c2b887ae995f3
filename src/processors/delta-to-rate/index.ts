import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { DeltaToRateProcessor } from "./delta-to-rate-processor.ts";

export default defineProcessor({
  type: "delta_to_rate",
  aliases: ["deltatorate"],
  stability: "beta",
  description: "Turns delta sums into rates per second.",
  config: configSchema,
  create: (settings) => new DeltaToRateProcessor(settings),
});
