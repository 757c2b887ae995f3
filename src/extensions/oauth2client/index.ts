import { defineExtension } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { OAuth2Client } from "./oauth2-client.ts";

export default defineExtension({
  type: "oauth2client",
  stability: "beta",
  description: "Gets tokens by OAuth 2 client credentials and sends them with requests.",
  config: configSchema,
  create: (settings) => new OAuth2Client(settings),
});
