import { defineExtension } from "../../component/index.ts";
import { BearerTokenAuth } from "./bearer-token-auth.ts";
import { configSchema } from "./config.ts";

export default defineExtension({
  type: "bearertokenauth",
  stability: "beta",
  description: "Sends a bearer token with requests, or takes requests that bring one.",
  config: configSchema,
  create: (settings) => new BearerTokenAuth(settings),
});
