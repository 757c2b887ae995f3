import type { ReportStatus, StatusEvent } from "../../component/index.ts";

/** One status out of two: how scraping goes, and whether the cluster tells what to scrape. */
export class ReceiverStatus {
  readonly #report: ReportStatus;
  #scraping: StatusEvent = { status: "ok" };
  #discovery: StatusEvent = { status: "ok" };

  constructor(report: ReportStatus) {
    this.#report = report;
  }

  scraping(event: StatusEvent): void {
    this.#scraping = event;
    this.#tell();
  }

  /** @param error undefined when all is well */
  discovery(error: unknown): void {
    this.#discovery = error === undefined ? { status: "ok" } : { status: "recoverable_error", error };
    this.#tell();
  }

  #tell(): void {
    this.#report(this.#scraping.status === "ok" ? this.#discovery : this.#scraping);
  }
}
