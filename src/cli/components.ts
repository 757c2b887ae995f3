import { parseArgs } from "node:util";
import { stringify } from "yaml";
import type { BaseDefinition } from "../component/index.ts";
import { components as builtIn } from "../distribution/index.ts";
import { configFlags } from "./config-options.ts";
import { load } from "./load.ts";
import type { Command } from "./terminal.ts";
import { version } from "./version.ts";

export const componentsCommand: Command = {
  summary: "list the built-in components with their stability",
  usage: `Usage: otelcol-kubevirt components [--config URI]...

  --config URI  list the components of this configuration's modules as well`,
  async run(args, terminal) {
    const { values } = parseArgs({ args: [...args], options: configFlags });
    const components = values.config === undefined ? builtIn : (await load(values, terminal)).components;
    const content = {
      buildinfo: { command: "otelcol-kubevirt", version },
      receivers: components.receivers.map(describe),
      processors: components.processors.map(describe),
      exporters: components.exporters.map(describe),
      extensions: components.extensions.map(describe),
      connectors: components.connectors.map(describe),
    };
    terminal.out(stringify(content, { lineWidth: 0 }));
    return 0;
  },
};

function describe({
  type,
  aliases = [],
  description,
  stability,
  ...rest
}: BaseDefinition & { kind?: string }) {
  return {
    name: type,
    ...(aliases.length > 0 && { aliases }),
    ...(description !== undefined && { description }),
    stability: rest.kind === "extension" ? { extension: stability } : { metrics: stability },
  };
}
