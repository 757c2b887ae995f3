import { defineExtension } from "../../component/index.ts";
import { authReferences } from "../../net/index.ts";
import { configSchema } from "./config.ts";
import { HealthCheckExtension } from "./health-check-extension.ts";

export default defineExtension({
  type: "health_check",
  aliases: ["healthcheckv2"],
  stability: "beta",
  description: "Tells over HTTP and gRPC how the collector, its pipelines and its components are.",
  config: configSchema,
  references: ({ auth, http, grpc }) => [
    ...authReferences(auth),
    ...authReferences(http?.auth, ["http", "auth"]),
    ...authReferences(grpc?.auth, ["grpc", "auth"]),
  ],
  create: (settings) => new HealthCheckExtension(settings),
});
