import type { Batch } from "../metrics/index.ts";
import type { Logger, Meter } from "../telemetry/index.ts";
import type { Clock } from "./clock.ts";
import type { ComponentStatus, ReportStatus } from "./status.ts";

/**
 * The life cycle of every component. `start` is quick: it binds, opens and schedules, and throws when the component
 * cannot work. `shutdown` stops background work, hands on what is buffered, may be called without `start` and twice.
 * A component is never started again after `shutdown`.
 */
export interface Component {
  start?(host: Host): void | Promise<void>;
  /**
   * `drainMs` is what is left of the service's `shutdown_timeout`; what is not handed on by then is counted as dropped.
   * @throws when something went wrong or data was lost, after everything has come to its end: the process then exits with 1
   */
  shutdown?(drainMs: number): void | Promise<void>;
  /**
   * A reload puts `successor`, which has not been started, in this component's place. Takes no more data, gives the
   * successor's `inherit` what is undelivered, and lets go of what only one of the two can hold, such as a store. Settles
   * soon: what the successor does not take is left to `shutdown`, which may then go on beside the running successor.
   *
   * undefined: there is none, and an extension that this one uses is about to stop. What is safe in a store stays there.
   */
  handOver?(successor: Component | undefined): Promise<void>;
  /** Called before `start`: `legacy` is what the component in whose place this one is put makes of itself for its like. */
  inherit?(legacy: unknown): Promise<void>;
}

/** Takes batches. */
export interface Consumer {
  /**
   * Settles when the batch is safe (sent, queued, or on disk) or refused. The batch is immutable and lent for the
   * duration of the call: see `Column.retain`.
   * @throws RetryableError (or any other error): not accepted, the caller may try again; PermanentError: refused for
   * good; PartialError: accepted but for some points.
   */
  consume(batch: Batch): Promise<void>;
}

/** What a started component may ask the service for. */
export interface Host {
  /** A running extension by its ID (`type/name`); undefined when there is none. */
  extension(id: string): Component | undefined;
  /**
   * How every component is now, and since when: for extensions that show it. Components that are being replaced by a
   * reload keep their last status until they have a new one. Absent where no service runs, as in unit tests.
   */
  statuses?(): readonly ComponentStatus[];
  /** The configuration in force as JSON, secrets redacted. Absent like `statuses`. */
  config?(): string;
}

/** What the service gives every component; components use no globals. */
export interface Settings<Config> {
  /** `type` or `type/name`, as in the configuration. */
  readonly id: string;
  /** Parsed and validated. */
  readonly config: Config;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly reportStatus: ReportStatus;
  /** The collector itself, for the User-Agent and the scope of what it makes. */
  readonly build: BuildInfo;
}

export interface BuildInfo {
  readonly command: string;
  readonly version: string;
}

/** Settings of receivers and processors: `next` takes what they make. */
export interface UpstreamSettings<Config> extends Settings<Config> {
  readonly next: Consumer;
}
