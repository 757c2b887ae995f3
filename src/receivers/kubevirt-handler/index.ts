import { defineReceiver } from "../../component/index.ts";
import { authReferences } from "../../net/index.ts";
import { configSchema } from "./config.ts";
import { KubevirtHandlerReceiver } from "./kubevirt-handler-receiver.ts";

export default defineReceiver({
  type: "kubevirt_handler",
  stability: "beta",
  description: "Scrapes virt-handler's metrics and checks its health endpoint.",
  config: configSchema,
  references: (config) => authReferences(config.auth),
  create: (settings) => new KubevirtHandlerReceiver(settings),
});
