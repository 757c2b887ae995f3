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
