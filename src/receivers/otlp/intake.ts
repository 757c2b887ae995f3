import { type Client, type Consumer, clientContext, PartialError } from "../../component/index.ts";
import { Batch, type MetricsBatch } from "../../metrics/index.ts";
import type { ExportResponse } from "../../otlp/index.ts";
import type { IntakeTelemetry, Transport } from "./telemetry.ts";

const TAKEN: ExportResponse = { rejectedDataPoints: 0, errorMessage: "" };

/** Hands requests to the pipeline and counts what becomes of them, whatever they came over. */
export class Intake {
  readonly #next: Consumer;
  readonly #telemetry: IntakeTelemetry;

  constructor(next: Consumer, telemetry: IntakeTelemetry) {
    this.#next = next;
    this.#telemetry = telemetry;
  }

  /**
   * Settles when the pipeline has taken the data, so that the sender's answer says so.
   * @param client for whom the data is handed on
   * @param decode gives the request; OtlpDecodeError when it is none
   * @throws OtlpDecodeError, and what the pipeline throws
   */
  async take(transport: Transport, client: Client, decode: () => MetricsBatch): Promise<ExportResponse> {
    let batch: Batch;
    try {
      batch = Batch.from(decode());
    } catch (error) {
      this.fail(transport);
      throw error;
    }
    const points = batch.pointCount;
    try {
      // Such requests are how some exporters ask whether anybody is there.
      if (points > 0) await clientContext.run(client, () => this.#next.consume(batch));
    } catch (error) {
      if (!(error instanceof PartialError)) {
        this.#telemetry.request(transport, "refused", 0, points);
        throw error;
      }
      const rejected = Math.min(error.rejected, points);
      this.#telemetry.request(transport, "success", points - rejected, rejected);
      return { rejectedDataPoints: rejected, errorMessage: error.message };
    }
    this.#telemetry.request(transport, "success", points, 0);
    return TAKEN;
  }

  /** A request whose body never became one of OTLP. */
  fail(transport: Transport): void {
    this.#telemetry.request(transport, "failure", 0, 0);
  }
}
