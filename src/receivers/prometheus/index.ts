import { defineReceiver } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { PrometheusReceiver } from "./prometheus-receiver.ts";

export default defineReceiver({
  type: "prometheus",
  stability: "beta",
  description: "Scrapes Prometheus endpoints, by Prometheus' own configuration.",
  config: configSchema,
  warnings: ({ config }) =>
    config.global.evaluation_interval === undefined
      ? []
      : [
          {
            path: ["config", "global", "evaluation_interval"],
            message: "has no effect: there are no rules to evaluate",
          },
        ],
  create: (settings) => new PrometheusReceiver(settings),
});
