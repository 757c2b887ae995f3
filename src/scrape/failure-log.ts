import type { Clock } from "../component/index.ts";
import type { LogFields, Logger } from "../telemetry/index.ts";

/** A failure that goes on is logged again after so long. */
const REMIND_AFTER_MS = 10 * 60_000;

export interface FailureTexts {
  readonly failed: string;
  readonly recovered: string;
}

/** Logs what fails again and again once per cause: when it begins, at a low rate while it lasts, and when it is over. */
export class FailureLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #texts: FailureTexts;
  #cause: string | undefined;
  #loggedAt = 0;
  #repeats = 0;
  #failures = 0;

  constructor(logger: Logger, clock: Clock, texts: FailureTexts) {
    this.#logger = logger;
    this.#clock = clock;
    this.#texts = texts;
  }

  /** @param cause equal texts are one cause */
  failed(cause: string, fields: LogFields): void {
    this.#failures += 1;
    const now = this.#clock.monotonic();
    if (cause === this.#cause && now - this.#loggedAt < REMIND_AFTER_MS) {
      this.#repeats += 1;
      return;
    }
    const repeated = cause === this.#cause && this.#repeats > 0 ? { repeated: this.#repeats } : {};
    this.#logger.warn(this.#texts.failed, { ...fields, ...repeated });
    this.#cause = cause;
    this.#loggedAt = now;
    this.#repeats = 0;
  }

  succeeded(): void {
    if (this.#cause === undefined) return;
    this.#logger.info(this.#texts.recovered, { failures: this.#failures });
    this.#cause = undefined;
    this.#repeats = 0;
    this.#failures = 0;
  }
}
