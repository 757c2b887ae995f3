import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { TransformProcessor } from "./transform.ts";
import { warningsOf } from "./warnings.ts";

export default defineProcessor({
  type: "transform",
  stability: "beta",
  description: "Changes metrics by statements of the OpenTelemetry Transformation Language (OTTL).",
  config: configSchema,
  warnings: warningsOf,
  create: (settings) => new TransformProcessor(settings),
});
