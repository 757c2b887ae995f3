import { defineProcessor } from "../../component/index.ts";
import { configSchema } from "./config.ts";
import { RedactionProcessor } from "./redaction-processor.ts";

export default defineProcessor({
  type: "redaction",
  stability: "beta",
  description: "Removes attributes that are not allowed and masks values that must not be seen.",
  config: configSchema,
  warnings: ({ allow_all_keys, allowed_keys, ignored_keys, ignored_key_patterns }) =>
    !allow_all_keys && allowed_keys.length + ignored_keys.length + ignored_key_patterns.length === 0
      ? [
          {
            path: ["allowed_keys"],
            message:
              "is empty, so every attribute is removed, also what tells series and targets apart: name what is to stay, or set allow_all_keys",
          },
        ]
      : [],
  create: (settings) => new RedactionProcessor(settings),
});
