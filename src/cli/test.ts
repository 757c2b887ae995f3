import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { shownError } from "../config/index.ts";
import { components } from "../distribution/index.ts";
import { runPipelineTest } from "../testing/index.ts";
import { UsageError } from "./config-options.ts";
import type { Command, Terminal } from "./terminal.ts";

export const testCommand: Command = {
  summary: "run pipeline tests: YAML files with input and expected metrics",
  usage: `Usage: otelcol-kubevirt test FILE... [--update]

  --update  write what arrives into the files instead of comparing`,
  async run(args, terminal) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { update: { type: "boolean", default: false } },
    });
    if (positionals.length === 0) throw new UsageError("test needs at least one file");
    let failed = 0;
    for (const file of positionals) if (!(await run(file, values.update, terminal))) failed++;
    if (!values.update) terminal.out(`${positionals.length - failed} passed, ${failed} failed\n`);
    return failed === 0 ? 0 : 1;
  },
};

async function run(file: string, update: boolean, terminal: Terminal): Promise<boolean> {
  try {
    const { name, steps, ok } = await runPipelineTest(resolve(terminal.cwd, file), { components, update });
    if (update) terminal.out(`updated ${file}\n`);
    else terminal.out(`${ok ? "ok" : "FAILED"}  ${name}\n`);
    for (const { step, diff } of steps) {
      if (diff !== undefined) terminal.out(`\n${file}: ${step}: - expected, + arrived\n${diff}\n`);
    }
    return ok;
  } catch (error) {
    terminal.out(`FAILED  ${file}\n${shownError(error)}\n`);
    return false;
  }
}
