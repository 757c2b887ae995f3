import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { KubevirtAttributesProcessor } from "./kubevirt-attributes-processor.ts";

export default defineProcessor({
  type: "kubevirt_attributes",
  stability: "beta",
  description: "Joins VirtualMachine and VirtualMachineInstance objects to the metrics of their machines.",
  config: configSchema,
  create: (settings) => new KubevirtAttributesProcessor(settings),
});
