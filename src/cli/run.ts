import { parseArgs } from "node:util";
import { systemClock } from "../component/index.ts";
import { formatDiagnostics } from "../config/index.ts";
import { type CollectorConfig, OwnLog, Reloader, SelfTelemetry, Service } from "../service/index.ts";
import { configFlags, configUsage } from "./config-options.ts";
import { type ConfigFlags, load } from "./load.ts";
import { awaitSignals, type Signals } from "./signals.ts";
import type { Command, Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/** What a component left running must not keep the process for longer. */
const LEFTOVER_MS = 2000;

export const runCommand: Command = {
  summary: "run until SIGTERM or SIGINT; SIGHUP reloads the configuration",
  usage: `Usage: otelcol-kubevirt [run] [--config URI]... [--set a.b=value]... [--strict]

${configUsage}
  --strict         freeze the data that components hand on and refuse what writes to it (slow)`,
  outlivesReaders: true,
  async run(args, terminal) {
    const { values } = parseArgs({
      args: [...args],
      options: { ...configFlags, strict: { type: "boolean", default: false } },
    });
    // Before anything that takes time: a signal that nobody listens to ends the process.
    const signals = awaitSignals();
    try {
      const loaded = await Promise.race([load(values, terminal), signals.stop]);
      if (typeof loaded === "string") return ended(0);
      const { config, diagnostics, files } = loaded;
      if (diagnostics.items.length > 0) terminal.err(`${formatDiagnostics(diagnostics.items)}\n`);
      if (config === undefined) return 1;
      return await serve({ config, files }, values, values.strict, terminal, signals);
    } finally {
      signals.close();
    }
  },
};

async function serve(
  loaded: { readonly config: CollectorConfig; readonly files: readonly string[] },
  flags: ConfigFlags,
  strict: boolean,
  terminal: Terminal,
  signals: Signals,
): Promise<number> {
  const { config } = loaded;
  const log = new OwnLog(config, {
    streams: terminal,
    isTerminal: terminal.errIsTerminal,
    cwd: terminal.cwd,
  });
  const { logger } = log;
  const fatal = Promise.withResolvers<"fatal">();
  const build = { command: "otelcol-kubevirt", version };
  const telemetry = await SelfTelemetry.start({ ...config.service.telemetry, build, logger });
  log.observe(telemetry.meter);
  const service = new Service(config, {
    logger,
    meter: telemetry.meter,
    build,
    strict,
    onStatus({ kind, id }, { status, error }) {
      if (status === "fatal_error") {
        logger.error("A component failed for good, terminating.", { component: `${kind} ${id}`, error });
        fatal.resolve("fatal");
      }
    },
  });
  const reloader = new Reloader(loaded, {
    load: () => load(flags, terminal),
    service,
    telemetry,
    log,
    clock: systemClock,
    onFatal(error) {
      logger.error("Neither the new configuration nor the old one can be run, terminating.", { error });
      fatal.resolve("fatal");
    },
  });
  logger.info("Starting otelcol-kubevirt.", { version });
  // What is wrong with the configuration has been logged.
  let reason: NodeJS.Signals | "fatal" | "started";
  try {
    const starting = service.start().then(() => reloader.start());
    signals.onReload(() => void reloader.reload("SIGHUP").catch(() => {}));
    reason = await Promise.race([starting.then(() => "started" as const), signals.stop, fatal.promise]);
  } catch (error) {
    reloader.close();
    await service.shutdown();
    await telemetry.shutdown();
    throw error;
  }
  if (reason === "started") {
    logger.info("Everything is ready. Begin running and processing data.");
    reason = await Promise.race([signals.stop, fatal.promise]);
  }
  logger.info("Starting shutdown.", { reason });
  reloader.close();
  const clean = await stop(service, signals, log);
  await telemetry.shutdown();
  logger.info("Shutdown complete.");
  const code = clean && reason !== "fatal" ? 0 : 1;
  return ended(code);
}

function ended(code: number): number {
  setTimeout(() => process.exit(code), LEFTOVER_MS).unref();
  return code;
}

/** Whether everything was shut down cleanly. */
async function stop(service: Service, signals: Signals, { logger }: OwnLog): Promise<boolean> {
  const errors = await Promise.race([service.shutdown(), signals.force]);
  if (errors === "forced") {
    logger.error("Forced to stop before everything was handed on.");
    process.exit(1);
  }
  for (const error of errors) logger.error("A component was not shut down cleanly.", { error });
  return errors.length === 0;
}
