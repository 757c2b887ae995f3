import { components } from "../distribution/index.ts";
import { configJsonSchema } from "../service/index.ts";
import type { Command } from "./terminal.ts";

export const schemaCommand: Command = {
  summary: "print the JSON Schema of the configuration, for editors",
  usage: "Usage: otelcol-kubevirt schema",
  async run(_args, terminal) {
    terminal.out(`${JSON.stringify(configJsonSchema(components), null, 2)}\n`);
    return 0;
  },
};
