import type { ReportStatus } from "../component/index.ts";

/** The status of an exporter: in order while everything that it depends on is. */
export class Health<Part extends string> {
  readonly #report: ReportStatus;
  readonly #failing = new Map<Part, Error>();
  #closed = false;

  constructor(report: ReportStatus) {
    this.#report = report;
  }

  /** `error`: undefined when the part works. */
  set(part: Part, error: Error | undefined): void {
    if (this.#closed) return;
    if (error === undefined) this.#failing.delete(part);
    else this.#failing.set(part, error);
    const [worst] = this.#failing.values();
    this.#report(worst === undefined ? { status: "ok" } : { status: "recoverable_error", error: worst });
  }

  /** From now on the status is the service's to report. */
  close(): void {
    this.#closed = true;
  }
}
