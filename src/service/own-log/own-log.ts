import { systemClock } from "../../component/index.ts";
import { createLogger, type LoggerOptions, type Meter, type RootLogger } from "../../telemetry/index.ts";
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
  /** Lines that could not be written, by output. */
  readonly #lost = new Map<string, number>();
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

  /** Shows how many lines could not be written. */
  observe(meter: Meter): void {
    meter
      .createObservableCounter("otelcol_log_lost_lines", {
        unit: "{line}",
        description: "Lines of the collector's own log that an output did not take.",
      })
      .addCallback((result) => {
        for (const [output, lines] of this.#lost) result.observe(lines, { output });
      });
  }

  close(): void {
    this.#outputs.close();
  }

  #open(config: CollectorConfig): LogOutputs {
    const { streams, cwd } = this.#settings;
    const { output_paths, error_output_paths } = config.service.telemetry.logs;
    for (const output of output_paths) this.#lost.set(output, this.#lost.get(output) ?? 0);
    const onLost = (output: string) => void this.#lost.set(output, (this.#lost.get(output) ?? 0) + 1);
    return new LogOutputs({ paths: output_paths, errorPaths: error_output_paths, streams, cwd, onLost });
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
