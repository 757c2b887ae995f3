import { defineConnector } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { CountConnector } from "./count-connector.ts";

export default defineConnector({
  type: "count",
  stability: "beta",
  description: "Counts metrics and data points and hands the counts on to other pipelines.",
  config: configSchema,
  create: (settings) => new CountConnector(settings),
});
