import { parseArgs } from "node:util";
import { printConfig } from "../config/index.ts";
import { printableConfig } from "../service/index.ts";
import { configFlags, configUsage, UsageError } from "./config-options.ts";
import { loadOrReport } from "./load.ts";
import type { Command } from "./terminal.ts";

const MODES = ["redacted", "unredacted"] as const;
const FORMATS = ["yaml", "json"] as const;

export const printConfigCommand: Command = {
  summary: "print the resolved configuration with all defaults",
  usage: `Usage: otelcol-kubevirt print-config [--mode=redacted|unredacted] [--format=yaml|json] [--config URI]...

${configUsage}
  --mode           "redacted" (default) hides secrets, "unredacted" prints them
  --format         "yaml" (default) or "json"`,
  async run(args, terminal) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...configFlags,
        mode: { type: "string", default: "redacted" },
        format: { type: "string", default: "yaml" },
      },
    });
    const mode = oneOf("mode", values.mode, MODES);
    const format = oneOf("format", values.format, FORMATS);
    const config = await loadOrReport(values, terminal);
    if (config === undefined) return 1;
    terminal.out(printConfig(printableConfig(config), undefined, { mode, format }));
    return 0;
  },
};

function oneOf<Value extends string>(flag: string, value: string, allowed: readonly Value[]): Value {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined)
    throw new UsageError(`--${flag} must be one of ${allowed.join(", ")}, got ${JSON.stringify(value)}`);
  return found;
}
