import { defineExporter } from "../../component/index.ts";
import { z } from "../../config/index.ts";
import { NopExporter } from "./nop-exporter.ts";

export default defineExporter({
  type: "nop",
  stability: "beta",
  description: "Takes everything and does nothing with it.",
  config: z.strictObject({}).prefault({}),
  create: (settings) => new NopExporter(settings),
});
