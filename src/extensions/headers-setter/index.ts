import { type ClientAuthenticator, defineExtension } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { HeadersSetter } from "./headers-setter.ts";

export default defineExtension({
  type: "headers_setter",
  stability: "beta",
  description: "Sets, changes and removes headers of requests.",
  config: configSchema,
  create: (settings): ClientAuthenticator => new HeadersSetter(settings),
});
