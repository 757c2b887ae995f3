import { defineExporter } from "../../component/index.ts";
import { storageReferences } from "../../delivery/index.ts";
import { authReferences } from "../../net/index.ts";
import { configSchema, configWarnings } from "./config.ts";
import { OtlpGrpcExporter } from "./otlp-grpc-exporter.ts";

export default defineExporter({
  type: "otlp_grpc",
  aliases: ["otlp"],
  stability: "beta",
  description: "Sends metrics to any OTLP/gRPC backend.",
  config: configSchema,
  references: (config) => [...storageReferences(config), ...authReferences(config.auth)],
  warnings: (config) => configWarnings(config),
  create: (settings) => new OtlpGrpcExporter(settings),
});
