import { systemClock } from "../../component/index.ts";
import { createLogger, type LoggerOptions, type RootLogger } from "../../telemetry/index.ts";
import type { CollectorConfig } from "../collector-config.ts";
import { LogOutputs, type StandardStreams } from "./log-outputs.ts";

export interface OwnLogSettings {
  readonly streams: StandardStreams;
  /** Whether standard error is a terminal. */
  readonly isTerminal: boolean;
  readonly cwd: string;
}

/** The collector's own log as the configuration wants it. */
export class OwnLog {
  readonly logger: RootLogger;
  readonly #settings: OwnLogSettings;
  #outputs: LogOutputs;

  /** @throws CollectorError COMPONENT_START when a file cannot be opened */
  constructor(config: CollectorConfig, settings: OwnLogSettings) {
    this.#settings = settings;
    this.#outputs = this.#open(config);
    this.logger = createLogger(this.#options(config));
  }

  /**
   * Puts another configuration in force for all loggers; files are opened anew, so that they can be rotated.
   * @throws CollectorError COMPONENT_START when a file cannot be opened; nothing changes then
   */
  configure(config: CollectorConfig): void {
    const before = this.#outputs;
    this.#outputs = this.#open(config);
    before.close();
    this.logger.configure(this.#options(config));
  }

  close(): void {
    this.#outputs.close();
  }

  #open(config: CollectorConfig): LogOutputs {
    const { streams, cwd } = this.#settings;
    const { output_paths, error_output_paths } = config.service.telemetry.logs;
    return new LogOutputs({ paths: output_paths, errorPaths: error_output_paths, streams, cwd });
  }

  #options(config: CollectorConfig): LoggerOptions {
    const { level, encoding, output_paths, initial_fields, sampling } = config.service.telemetry.logs;
    const onTerminal = this.#settings.isTerminal && output_paths.includes("stderr");
    return {
      level,
      encoding: encoding === "auto" ? (onTerminal ? "console" : "json") : encoding,
      write: (line) => this.#outputs.write(line),
      colour: onTerminal && output_paths.length === 1,
      fields: initial_fields,
      sampling: sampling && {
        initial: sampling.initial,
        thereafter: sampling.thereafter,
        tickMs: sampling.tick,
        now: () => systemClock.monotonic(),
      },
    };
  }
}
