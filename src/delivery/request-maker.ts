import { isPermanent, PermanentError, RetryableError } from "../component/index.ts";
import type { Batch } from "../metrics/index.ts";
import type { DeliveryOptions } from "./delivery-options.ts";
import type { DeliveryRequest } from "./retry-sender.ts";

/** An exporter's `encode` and `measure`, whose errors refuse the data for good unless they say that it may come again. */
export class RequestMaker<Request extends DeliveryRequest> {
  readonly #options: Pick<DeliveryOptions<Request>, "encode" | "measure" | "settings">;

  constructor(options: Pick<DeliveryOptions<Request>, "encode" | "measure" | "settings">) {
    this.#options = options;
  }

  /** @throws PermanentError, RetryableError */
  async encode(batches: readonly Batch[]): Promise<Request> {
    try {
      return await this.#options.encode(batches);
    } catch (error) {
      throw unencodable(error);
    }
  }

  /** The size of a batch in bytes. @throws PermanentError, RetryableError */
  measure(batch: Batch): number {
    const { measure, settings } = this.#options;
    if (measure === undefined)
      throw new Error(`exporter "${settings.id}" cannot tell the size of a batch in bytes`);
    try {
      return measure(batch);
    } catch (error) {
      throw unencodable(error);
    }
  }
}

function unencodable(error: unknown): Error {
  if (error instanceof RetryableError || isPermanent(error)) return error as Error;
  return new PermanentError("the data could not be encoded", { cause: error });
}
