import { defineExtension } from "../../component/index.ts";
import { ClientBasicAuth } from "./client-basic-auth.ts";
import { type ClientAuthConfig, configSchema } from "./config.ts";
import { ServerBasicAuth } from "./server-basic-auth.ts";

export default defineExtension({
  type: "basicauth",
  stability: "beta",
  description:
    "Sends user name and password with requests, or takes requests of the users of an htpasswd file.",
  config: configSchema,
  create: ({ config: { client_auth, htpasswd }, clock }) =>
    htpasswd === undefined
      ? new ClientBasicAuth(client_auth as ClientAuthConfig, clock)
      : new ServerBasicAuth(htpasswd, clock),
});
