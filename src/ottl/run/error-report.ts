import { type Clock, PermanentError } from "../../component/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import type { OnError } from "./execute.ts";

export const errorModes = ["ignore", "silent", "propagate"] as const;
export type ErrorMode = (typeof errorModes)[number];

/** A statement failed for an item and `error_mode` is propagate. */
export class StatementError extends PermanentError {
  constructor(text: string, options: { readonly cause: unknown }) {
    super(`failed to execute ${JSON.stringify(text)}`, options);
  }
}

export interface ErrorReporterOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Counts every failure. */
  readonly count: () => void;
}

const INTERVAL_MS = 60_000;

/** Logs failures of statements: the first at once, then at most once a minute with how many there were. */
export class ErrorReporter {
  readonly #options: ErrorReporterOptions;
  readonly #statements = new Map<string, { loggedAt: number; unlogged: number }>();

  constructor(options: ErrorReporterOptions) {
    this.#options = options;
  }

  forMode(mode: ErrorMode): OnError {
    const { count } = this.#options;
    switch (mode) {
      case "propagate":
        return (text, error) => {
          count();
          throw new StatementError(text, { cause: error });
        };
      case "silent":
        return () => count();
      case "ignore":
        return (text, error) => {
          count();
          this.#log(text, error);
        };
    }
  }

  #log(text: string, error: Error): void {
    const { clock, logger } = this.#options;
    const now = clock.monotonic();
    const known = this.#statements.get(text);
    if (known !== undefined && now - known.loggedAt < INTERVAL_MS) {
      known.unlogged++;
      return;
    }
    logger.warn("Failed to execute a statement.", {
      statement: text,
      error,
      ...(known !== undefined && known.unlogged > 0 && { repeated: known.unlogged }),
    });
    this.#statements.set(text, { loggedAt: now, unlogged: 0 });
  }
}
