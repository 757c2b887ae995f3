import { parseArgs } from "node:util";
import type { CollectorConfig } from "../service/index.ts";
import { Service, startSelfTelemetry } from "../service/index.ts";
import { createLogger, type Logger } from "../telemetry/index.ts";
import { configFlags, configUsage } from "./config-options.ts";
import { type ConfigFlags, load, loadOrReport } from "./load.ts";
import { awaitSignals } from "./signals.ts";
import type { Command, Terminal } from "./terminal.ts";
import { version } from "./version.ts";

export const runCommand: Command = {
  summary: "run until SIGTERM or SIGINT; SIGHUP reloads the configuration",
  usage: `Usage: otelcol-kubevirt [run] [--config URI]... [--set a.b=value]... [--strict]

${configUsage}
  --strict         freeze the data that components hand on and refuse what writes to it (slow)`,
  async run(args, terminal) {
    const { values } = parseArgs({
      args: [...args],
      options: { ...configFlags, strict: { type: "boolean", default: false } },
    });
    const config = await loadOrReport(values, terminal);
    if (config === undefined) return 1;
    return await serve(config, values, values.strict, terminal);
  },
};

async function serve(
  config: CollectorConfig,
  flags: ConfigFlags,
  strict: boolean,
  terminal: Terminal,
): Promise<number> {
  const logger = serviceLogger(config, terminal);
  const fatal = Promise.withResolvers<"fatal">();
  const build = { command: "otelcol-kubevirt", version };
  const { metrics, resource } = config.service.telemetry;
  const telemetry = await startSelfTelemetry({ metrics, resource, build, logger });
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
  logger.info("Starting otelcol-kubevirt.", { version });
  const signals = awaitSignals(() => reload(service, flags, terminal, logger));
  try {
    await service.start();
  } catch (error) {
    signals.close();
    await telemetry.shutdown();
    throw error;
  }
  logger.info("Everything is ready. Begin running and processing data.");
  const reason = await Promise.race([signals.stop, fatal.promise]);
  logger.info("Starting shutdown.", { reason });
  const errors = await Promise.race([service.shutdown(), signals.force]);
  if (errors === "forced") {
    logger.error("Forced to stop before everything was handed on.");
    process.exit(1);
  }
  signals.close();
  await telemetry.shutdown();
  for (const error of errors) logger.error("A component was not shut down cleanly.", { error });
  logger.info("Shutdown complete.");
  return reason === "fatal" || errors.length > 0 ? 1 : 0;
}

async function reload(
  service: Service,
  flags: ConfigFlags,
  terminal: Terminal,
  logger: Logger,
): Promise<void> {
  logger.info("Reloading the configuration.");
  try {
    const { config, diagnostics } = await load(flags, terminal);
    for (const { severity, ...problem } of diagnostics.items) {
      logger[severity === "error" ? "error" : "warn"]("Problem in the configuration.", problem);
    }
    if (config === undefined) {
      logger.error("The new configuration is not valid, the old one stays in force.");
      return;
    }
    await service.reload(config);
    logger.info("The new configuration is in force.");
  } catch (error) {
    logger.error("The configuration could not be reloaded.", { error });
  }
}

function serviceLogger(config: CollectorConfig, terminal: Terminal): Logger {
  const { level, encoding } = config.service.telemetry.logs;
  const resolved = encoding === "auto" ? (terminal.errIsTerminal ? "console" : "json") : encoding;
  return createLogger({ level, encoding: resolved, write: terminal.err, colour: terminal.errIsTerminal });
}
