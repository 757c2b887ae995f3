import { defineConnector } from "../../component/index.ts";
import { configSchema } from "./config.ts";

export default defineConnector({
  type: "forward",
  stability: "beta",
  description: "Hands on what comes from some pipelines to others, as it is.",
  config: configSchema,
  create: ({ next }) => ({ consume: (batch) => next.consume(batch) }),
});
