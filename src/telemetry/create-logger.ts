import { type Logger as PinoLogger, pino } from "pino";
import { errorText } from "../errors/index.ts";
import type { LogFields, Logger, LogLevel } from "./logger.ts";

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `console`: tab-separated for people, as the Collector prints; `json`: one object a line. */
  readonly encoding: "console" | "json";
  /** Takes one finished line, newline included. */
  readonly write: (line: string) => void;
  readonly colour?: boolean;
  readonly fields?: LogFields;
}

/** A logger with the Collector's JSON keys: level, ts, msg, then the fields. */
export function createLogger(options: LoggerOptions): Logger {
  const write =
    options.encoding === "json"
      ? options.write
      : (line: string) => options.write(`${consoleLine(JSON.parse(line), options.colour ?? false)}\n`);
  const root = pino(
    {
      level: options.level,
      base: options.fields ?? null,
      messageKey: "msg",
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: (error) => (error instanceof Error ? errorText(error) : error) },
    },
    { write },
  );
  return wrap(root);
}

function wrap(target: PinoLogger): Logger {
  return {
    debug: (message, fields) => target.debug(fields ?? {}, message),
    info: (message, fields) => target.info(fields ?? {}, message),
    warn: (message, fields) => target.warn(fields ?? {}, message),
    error: (message, fields) => target.error(fields ?? {}, message),
    child: (fields) => wrap(target.child(fields)),
    isEnabled: (level) => target.isLevelEnabled(level),
  };
}

const COLOURS: Readonly<Record<string, string>> = { debug: "35", info: "34", warn: "33", error: "31" };

function consoleLine(line: Readonly<Record<string, unknown>>, colour: boolean): string {
  const { level, ts, msg, ...fields } = line;
  const label = colour ? `\u001b[${COLOURS[String(level)] ?? "0"}m${String(level)}\u001b[0m` : String(level);
  const rest = Object.keys(fields).length === 0 ? "" : `\t${JSON.stringify(fields)}`;
  return `${String(ts)}\t${label}\t${String(msg)}${rest}`;
}
