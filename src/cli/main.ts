import { shownError } from "../config/index.ts";
import { componentsCommand } from "./components.ts";
import { UsageError } from "./config-options.ts";
import { demoCommand } from "./demo.ts";
import { inspectCommand } from "./inspect.ts";
import { migrateCommand } from "./migrate.ts";
import { newCommand } from "./new.ts";
import { printConfigCommand } from "./print-config.ts";
import { processTerminal, surviveReaders } from "./process-terminal.ts";
import { runCommand } from "./run.ts";
import { schemaCommand } from "./schema.ts";
import type { Command, Terminal } from "./terminal.ts";
import { testCommand } from "./test.ts";
import { validateCommand } from "./validate.ts";
import { version } from "./version.ts";

const commands: Readonly<Record<string, Command>> = {
  run: runCommand,
  validate: validateCommand,
  "print-config": printConfigCommand,
  components: componentsCommand,
  schema: schemaCommand,
  inspect: inspectCommand,
  test: testCommand,
  new: newCommand,
  migrate: migrateCommand,
  demo: demoCommand,
};

/** Runs the command line and resolves to the exit code: 0 clean, 1 on any error. */
export async function main(args: readonly string[], terminal: Terminal = processTerminal): Promise<number> {
  const [first = ""] = args;
  if (first === "--version" || first === "version") {
    terminal.out(`otelcol-kubevirt ${version}\n`);
    return 0;
  }
  if (first === "--help" || first === "-h" || first === "help") {
    terminal.out(usage());
    return 0;
  }
  const named = commands[first];
  if (named === undefined && first !== "" && !first.startsWith("-")) {
    terminal.err(`otelcol-kubevirt: unknown command ${JSON.stringify(first)}\n\n${usage()}`);
    return 1;
  }
  const command = named ?? runCommand;
  const rest = named === undefined ? args : args.slice(1);
  if (rest.includes("--help") || rest.includes("-h")) {
    terminal.out(`${command.usage}\n`);
    return 0;
  }
  if (terminal === processTerminal) surviveReaders(command.outlivesReaders === true);
  try {
    return await command.run(rest, terminal);
  } catch (error) {
    terminal.err(`otelcol-kubevirt: ${shownError(error)}\n`);
    if (error instanceof UsageError || isParseArgsError(error)) terminal.err(`\n${command.usage}\n`);
    return 1;
  }
}

function isParseArgsError(error: unknown): boolean {
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

function usage(): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(14)} ${summary}`);
  return `Usage: otelcol-kubevirt [command] [options]

Commands:
${lines.join("\n")}

Without a command it runs. "otelcol-kubevirt COMMAND --help" tells more.
`;
}
