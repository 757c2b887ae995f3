import { defineExporter } from "../../component/index.ts";
import { storageReferences, storageWarnings } from "../../delivery/index.ts";
import { authReferences } from "../../net/index.ts";
import { configSchema } from "./config.ts";
import { OtlpHttpExporter } from "./otlp-http-exporter.ts";

export default defineExporter({
  type: "otlp_http",
  aliases: ["otlphttp"],
  stability: "beta",
  description: "Sends metrics to any OTLP/HTTP backend, as protobuf or JSON.",
  config: configSchema,
  references: (config) => [...storageReferences(config), ...authReferences(config.auth)],
  warnings: (config) => storageWarnings(config),
  create: (settings) => new OtlpHttpExporter(settings),
});
