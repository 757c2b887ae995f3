import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { K8sAttributesProcessor } from "./k8s-attributes-processor.ts";

export default defineProcessor({
  type: "k8s_attributes",
  aliases: ["k8sattributes"],
  stability: "beta",
  description: "Adds metadata of the pod, its namespace, node and owners to the resource.",
  config: configSchema,
  warnings: ({ pod_association }) =>
    pod_association.flatMap(({ sources }, i) =>
      sources.some(({ from }) => from === "connection")
        ? [
            {
              path: ["pod_association", i],
              message: "never applies: metrics that are scraped or handed on have no connection",
            },
          ]
        : [],
    ),
  create: (settings) => new K8sAttributesProcessor(settings),
});
