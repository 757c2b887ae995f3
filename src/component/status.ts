/**
 * Component status as in the Collector: starting → ok ⇄ recoverable_error; permanent_error means degraded until the
 * next restart of the component, fatal_error shuts the collector down.
 */
export type Status =
  | "starting"
  | "ok"
  | "recoverable_error"
  | "permanent_error"
  | "fatal_error"
  | "stopping"
  | "stopped";

export interface StatusEvent {
  readonly status: Status;
  readonly error?: unknown;
}

/** Repeating the current status is free: only changes are passed on. */
export type ReportStatus = (event: StatusEvent) => void;

/** A component of the running service and how it is. */
export interface ComponentStatus extends StatusEvent {
  /** `service` is the collector itself: its `config` shows whether the last configuration that was read is in force. */
  readonly kind: "receiver" | "processor" | "exporter" | "extension" | "connector" | "service";
  readonly id: string;
  /** The pipelines it is a part of; none for extensions. */
  readonly pipelines: readonly string[];
  /** When this status was taken on, in milliseconds since the epoch. */
  readonly since: number;
}
