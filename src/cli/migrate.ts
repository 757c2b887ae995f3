import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "./config-options.ts";
import { migrateDatadog } from "./migrate-datadog.ts";
import type { Command } from "./terminal.ts";

export const migrateCommand: Command = {
  summary: "turn another tool's configuration into one of this collector",
  usage: `Usage: otelcol-kubevirt migrate datadog FILE

FILE is the conf.yaml of the kubevirt_handler integration; "-" reads standard input. Prints a configuration; every
option that is not carried over, or differs in what it does, is listed in its head and on standard error.`,
  async run(args, terminal) {
    const { positionals } = parseArgs({ args: [...args], options: {}, allowPositionals: true });
    const [from, file, ...rest] = positionals;
    if (from !== "datadog") {
      throw new UsageError(
        `expected the tool to migrate from ("datadog"), got ${JSON.stringify(from ?? "")}`,
      );
    }
    if (file === undefined || rest.length > 0) throw new UsageError("expected one file");
    const bytes =
      file === "-"
        ? Buffer.concat(await Array.fromAsync(terminal.stdin()))
        : await readFile(resolve(terminal.cwd, file));
    const { yaml, remarks } = migrateDatadog(bytes.toString("utf8"), file);
    terminal.out(yaml);
    for (const remark of remarks) terminal.err(`${remark}\n`);
    return 0;
  },
};
