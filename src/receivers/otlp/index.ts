import { defineReceiver } from "../../component/index.ts";
import { authReferences } from "../../net/index.ts";
import { configSchema } from "./config.ts";
import { OtlpReceiver } from "./otlp-receiver.ts";

export default defineReceiver({
  type: "otlp",
  stability: "beta",
  description: "Takes metrics over OTLP: HTTP with protobuf or JSON, and gRPC.",
  config: configSchema,
  references: ({ protocols }) => authReferences(protocols.http?.auth, ["protocols", "http", "auth"]),
  create: (settings) => new OtlpReceiver(settings),
});
