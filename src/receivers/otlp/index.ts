import { defineReceiver } from "../../component/index.ts";
import { authReferences } from "../../net/index.ts";
import { configSchema } from "./config.ts";
import { OtlpReceiver } from "./otlp-receiver.ts";

export default defineReceiver({
  type: "otlp",
  stability: "beta",
  description: "Takes metrics over OTLP: HTTP with protobuf or JSON, and gRPC.",
  config: configSchema,
  references: ({ protocols: { http, grpc } }) => [
    ...authReferences(http?.auth, ["protocols", "http", "auth"]),
    ...authReferences(grpc?.auth, ["protocols", "grpc", "auth"]),
  ],
  create: (settings) => new OtlpReceiver(settings),
});
