import { parseArgs } from "node:util";
import { Service } from "../service/index.ts";
import { silentLogger } from "../telemetry/index.ts";
import { configFlags, configUsage } from "./config-options.ts";
import { loadOrReport } from "./load.ts";
import { noMeter } from "./meter.ts";
import type { Command } from "./terminal.ts";
import { version } from "./version.ts";

export const validateCommand: Command = {
  summary: "check a configuration; exit 1 with all of its problems",
  usage: `Usage: otelcol-kubevirt validate [--config URI]... [--set a.b=value]...\n\n${configUsage}`,
  async run(args, terminal) {
    const { values } = parseArgs({ args: [...args], options: configFlags });
    const config = await loadOrReport(values, terminal);
    if (config === undefined) return 1;
    // Building the graph calls every factory that a run would call; nothing is started.
    new Service(config, {
      logger: silentLogger,
      meter: noMeter,
      build: { command: "otelcol-kubevirt", version },
    });
    return 0;
  },
};
