import { type Clock, isPermanent, PartialError } from "../component/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { type ErrorTypeOf, errorType } from "./error-type.ts";
import { LogThrottle } from "./log-throttle.ts";
import type { DeliveryRequest, Outcome } from "./retry-sender.ts";
import type { DropReason, ExporterTelemetry } from "./telemetry.ts";

const LOG_PERIOD_MS = 30_000;

/** What became of points: counts each in one place, and logs what was lost, once in a while for each reason. */
export class Accounts {
  readonly #telemetry: ExporterTelemetry;
  readonly #logger: Logger;
  readonly #throttle: LogThrottle;
  readonly #errorTypeOf: ErrorTypeOf | undefined;

  constructor(telemetry: ExporterTelemetry, logger: Logger, clock: Clock, errorTypeOf?: ErrorTypeOf) {
    this.#telemetry = telemetry;
    this.#logger = logger;
    this.#errorTypeOf = errorTypeOf;
    this.#throttle = new LogThrottle(clock, LOG_PERIOD_MS);
  }

  /** A finished request; `dropping`: nobody above gets the error. */
  record({ sent, rejected, left, error }: Outcome<DeliveryRequest>, dropping: boolean): void {
    this.#telemetry.sent(sent);
    if (error instanceof PartialError) {
      this.#telemetry.dropped(rejected, "partial_success");
      this.#throttle.report("partial_success", rejected, (points) =>
        this.#logger.warn("Partial success response.", { error, dropped_data_points: points }),
      );
    }
    if (left === undefined) return;
    const permanent = isPermanent(error);
    this.sendFailed(left.points, error);
    if (dropping) this.drop(left.points, permanent ? "permanent" : "retries_exhausted", error);
  }

  /** Points that were not delivered, whoever is to say what becomes of them. */
  sendFailed(points: number, error: unknown): void {
    this.#telemetry.sendFailed(points, errorType(error, this.#errorTypeOf), isPermanent(error));
  }

  drop(points: number, reason: DropReason, error: Error | undefined): void {
    this.#telemetry.dropped(points, reason);
    this.#throttle.report(reason, points, (dropped) =>
      this.#logger.error("Exporting failed. Dropping data.", { error, reason, dropped_items: dropped }),
    );
  }

  /** Points that the format has no place for: who encodes says so. */
  dropUnsupported({ unsupported = 0 }: DeliveryRequest): void {
    this.#telemetry.dropped(unsupported, "unsupported");
  }

  close(): void {
    this.#throttle.close();
  }
}
