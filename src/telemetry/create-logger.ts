import { type Logger as PinoLogger, pino } from "pino";
import { redactText } from "../config/index.ts";
import { errorText } from "../errors/index.ts";
import { LogSampler, type LogSampling } from "./log-sampler.ts";
import type { LogFields, Logger, LogLevel } from "./logger.ts";

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `console`: tab-separated for people, as the Collector prints; `json`: one object a line. */
  readonly encoding: "console" | "json";
  /** Takes one finished line, newline included. */
  readonly write: (line: string) => void;
  readonly colour?: boolean;
  /** On each line. */
  readonly fields?: LogFields;
  /** Default: every line is written. */
  readonly sampling?: LogSampling | undefined;
}

/** A logger whose options may change while loggers made of it are in use. */
export interface RootLogger extends Logger {
  configure(options: LoggerOptions): void;
}

/** A logger with the Collector's JSON keys: level, ts, msg, then the fields. Secrets are taken out of each line. */
export function createLogger(options: LoggerOptions): RootLogger {
  const core = new LogCore(options);
  return { ...wrap(core, {}), configure: (changed) => core.configure(changed) };
}

/** What all loggers of one root share. */
class LogCore {
  #root: PinoLogger;
  #sampler: LogSampler | undefined;

  constructor(options: LoggerOptions) {
    this.#root = rootOf(options);
    this.#sampler = samplerOf(options);
  }

  get root(): PinoLogger {
    return this.#root;
  }

  /** Whether a line with this key is to be written. */
  passes(key: string): boolean {
    return this.#sampler?.passes(key) ?? true;
  }

  configure(options: LoggerOptions): void {
    this.#root = rootOf(options);
    this.#sampler = samplerOf(options);
  }
}

function samplerOf({ sampling }: LoggerOptions): LogSampler | undefined {
  return sampling === undefined ? undefined : new LogSampler(sampling);
}

function rootOf({ level, encoding, write, colour = false, fields }: LoggerOptions): PinoLogger {
  const output =
    encoding === "json"
      ? (line: string) => write(redactText(line))
      : (line: string) => write(`${redactText(consoleLine(JSON.parse(line), colour))}\n`);
  return pino(
    {
      level,
      base: fields ?? null,
      messageKey: "msg",
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: (error) => (error instanceof Error ? errorText(error) : error) },
    },
    { write: output },
  );
}

function wrap(core: LogCore, bound: LogFields): Logger {
  let root: PinoLogger | undefined;
  let target: PinoLogger | undefined;
  const current = (): PinoLogger => {
    if (target === undefined || root !== core.root) {
      root = core.root;
      target = root.child(bound);
    }
    return target;
  };
  // The same words from two components are two messages. What has no component, such as the problems of a configuration,
  // is the same only when its fields are.
  const component = bound["otelcol.component.id"];
  const keyOf = (fields: LogFields) => (component === undefined ? textOf(fields) : String(component));
  const log =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      const logger = current();
      if (!logger.isLevelEnabled(level) || !core.passes(`${level} ${keyOf(fields)} ${message}`)) return;
      logger[level](fields, message);
    };
  return {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    child: (fields) => wrap(core, { ...bound, ...fields }),
    isEnabled: (level) => current().isLevelEnabled(level),
  };
}

function textOf(fields: LogFields): string {
  return Object.values(fields)
    .map((value) => (value instanceof Error ? value.message : typeof value === "object" ? "" : String(value)))
    .join(" ");
}

const COLOURS: Readonly<Record<string, string>> = { debug: "35", info: "34", warn: "33", error: "31" };

function consoleLine(line: Readonly<Record<string, unknown>>, colour: boolean): string {
  const { level, ts, msg, ...fields } = line;
  const label = colour ? `\u001b[${COLOURS[String(level)] ?? "0"}m${String(level)}\u001b[0m` : String(level);
  const rest = Object.keys(fields).length === 0 ? "" : `\t${JSON.stringify(fields)}`;
  return `${String(ts)}\t${label}\t${String(msg)}${rest}`;
}
